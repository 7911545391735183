"""What parts of the engine do with a case alike: picture it, add to it, end it."""

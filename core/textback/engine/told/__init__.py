"""What was told, and what it means: inside the commit of the webhook that told it."""

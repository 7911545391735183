"""What is done to the store as a whole, beside a running engine."""

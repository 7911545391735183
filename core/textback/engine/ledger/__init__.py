"""What is written for good: sealed, watched, and shown to those who ask."""

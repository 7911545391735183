"""What follows from a call or a word, one step after another: each kind has its module."""

"""From what is told of a call to the case that a missed one opens or joins."""

"""What makes the flow durable: accept events, claim subjects, run steps, commit, try again."""

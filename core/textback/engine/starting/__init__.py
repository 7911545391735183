"""From files to a running deployment, and what can be found out before it runs."""

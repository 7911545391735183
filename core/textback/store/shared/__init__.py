"""What only a Postgres store has: several processes on it, and how they wake each other."""

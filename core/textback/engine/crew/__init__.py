"""Several processes on one store, and what one of them does for all."""

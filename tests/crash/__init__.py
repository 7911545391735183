"""Kill `serve` at random moments under load, start it again, and compare what everybody knows."""

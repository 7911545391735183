"""The steps of a missed call, one module each; pure, or awaiting only the hooks they are handed."""

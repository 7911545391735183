"""What is served over HTTP: webhooks in, health, metrics."""

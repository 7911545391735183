"""What several tests use: a provider that counts, a deployment in a folder, signed webhooks."""

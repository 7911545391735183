"""Versions of the schema, applied by `textback migrate` and when an embedded store is opened."""

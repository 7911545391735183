"""Versions of the schema, applied by `textback migrate` and when an embedded store is opened."""

HEAD = "0005"
"""The newest version, here so that a store which has it is opened without loading alembic."""

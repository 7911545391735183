"""A database as the first version of the schema made it."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from textback.store import migrations

FIRST = "0001"


def make(path: Path) -> None:
    """Make it; nothing is in it."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    script = ScriptDirectory.from_config(config)
    engine = create_engine(f"sqlite:///{path}")
    with (
        engine.connect() as connection,
        EnvironmentContext(
            config, script, fn=lambda revision, _: script._upgrade_revs(FIRST, revision)
        ) as environment,
    ):
        environment.configure(connection=connection)
        with environment.begin_transaction():
            environment.run_migrations()
        connection.commit()
    engine.dispose()

"""Values that stand elsewhere and are only named in a file: ``${NAME}``, ``{ file = "..." }``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from textback.errors import ConfigError

# "$$" stands for a dollar sign; any other dollar sign that opens no brace is itself.
_REFERENCE = re.compile(r"\$\$|\$\{([^{}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@attrs.frozen(kw_only=True, eq=False)
class References:
    """Looks up what values refer to.  No value that was looked up is in any of its messages.

    Attributes:
        environ: The environment variables.
        directory: Where ``textback.toml`` is; paths in files are relative to it.
        resolve: Asked for what the environment doesn't have: a vault, through a plugin.
    """

    environ: Mapping[str, str] = attrs.field(default=os.environ, repr=False)
    directory: Path = Path()
    resolve: Callable[[str], str | None] | None = attrs.field(default=None, repr=False)

    def expand(self, text: str, looked_up: dict[str, str] | None = None) -> str:
        """*text* with every ``${NAME}`` replaced by its value, and ``$$`` by a dollar sign.

        Args:
            text: As it stands in the file.
            looked_up: Filled with each value that was looked up, and the reference to it.

        Raises:
            ConfigError: Nobody has a value for a name; says how to give it one.
        """

        def replacement(found: re.Match[str]) -> str:
            if found[0] == "$$":
                return "$"
            value = self._look_up(found[1])
            if looked_up is not None:
                looked_up[value] = found[0]
            return value

        return _REFERENCE.sub(replacement, text) if "$" in text else text

    def read_file(self, name: str) -> str:
        """The text of a file without its last line end.

        Raises:
            ConfigError: It can't be read, or is empty.
        """
        try:
            text = (self.directory / name).read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f'the file "{name}" can\'t be read: {error.strerror}') from None
        except ValueError:
            raise ConfigError(f'the file "{name}" is not text in UTF-8') from None
        text = text.removesuffix("\n").removesuffix("\r")
        if not text:
            raise ConfigError(f'the file "{name}" is empty')
        return text

    def _look_up(self, name: str) -> str:
        if _VARIABLE.fullmatch(name):
            if value := self.environ.get(name):
                return value
            if file := self.environ.get(f"{name}_FILE"):
                try:
                    return self.read_file(file)
                except ConfigError as error:
                    raise ConfigError(f"{name}_FILE: {error}") from None
        if self.resolve is not None and (value := self.resolve(name)):
            return value
        if not _VARIABLE.fullmatch(name):
            raise ConfigError(
                f"${{{name}}} is not known; a name has letters, digits and _,"
                ' and "$$" stands for a dollar sign'
            )
        raise ConfigError(
            f"${{{name}}} is not set; set the environment variable {name},"
            f" or {name}_FILE to the path of a file that holds it"
        )

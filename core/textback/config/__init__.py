"""The files that a user writes, as frozen settings."""

from textback.config.load import Config, load
from textback.config.messages import Problem, report
from textback.config.structure import structure_settings

__all__ = ["Config", "Problem", "load", "report", "structure_settings"]

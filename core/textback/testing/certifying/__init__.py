"""Say how far a plugin can be trusted, by named rules: bronze, silver, gold.

`rules` has the rules, `runner` runs what they look at: the plugin's own tests, of which `recorder`,
a plugin of pytest, notes which contract each belongs to; and mypy.
"""

from textback.testing.certifying.rules import RULES, Level, Rule, Subject, Verdict
from textback.testing.certifying.runner import Certificate, certify

__all__ = ["RULES", "Certificate", "Level", "Rule", "Subject", "Verdict", "certify"]

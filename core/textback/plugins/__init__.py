"""Find, import, check and assemble the plugins of one client.

A plugin is found by its name and imported only when a file names it.  What can't work is refused
when the stack is built, in words, with plugin and hook named; see `textback.plugins.anatomy`.
"""

from textback.hookspecs import API, OLDEST_API
from textback.plugins.anatomy import Anatomy, anatomy_of, hooks_of
from textback.plugins.assembly import assemble, assemble_deployment, problems_of, settings_in
from textback.plugins.finding import Found, find, load
from textback.plugins.roles import ROLES, roles_of, texts_team
from textback.plugins.stack import Stack
from textback.plugins.stacks import Stacks

__all__ = [
    "API",
    "OLDEST_API",
    "ROLES",
    "Anatomy",
    "Found",
    "Stack",
    "Stacks",
    "anatomy_of",
    "assemble",
    "assemble_deployment",
    "find",
    "hooks_of",
    "load",
    "problems_of",
    "roles_of",
    "settings_in",
    "texts_team",
]

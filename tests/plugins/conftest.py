"""Leave out the tests of plugins whose extra is not installed."""

from importlib.util import find_spec

NEEDS = {
    "apprise": "apprise",
    "email": "aiosmtplib",
    "gohighlevel": "cryptography",
    "hubspot": "hubspot",
    "telnyx": "cryptography",
    "vonage": "vonage_messages",
}

collect_ignore = [plugin for plugin, package in NEEDS.items() if find_spec(package) is None]

"""Asterisk: missed calls from its manager interface (AMI), over a connection that is held.

The protocol is read here and not by a library.  What a source needs of it is little: lines with a
blank one after each message, a login, one list, and pings.  The one asyncio library that is
maintained at all, panoramisk (1.4, from 2021), would have to be worked around in what matters most:
it connects again by itself, at fixed times, where the engine does so with growing waits and must
know of it to look what happened meanwhile; it runs callbacks as tasks of their own, so that events
overtake each other and nothing waits for the commit; it sends pings and never misses an answer; it
sends the secret as it is, without a challenge; and a message may be as long as it likes.
"""

from textback_asterisk.plugin import Asterisk
from textback_asterisk.settings import Settings

__all__ = ["Asterisk", "Settings"]

"""Keywords: texts that are an order to the program, by providers' and regulators' words.

Only a whole message is an order: "stop" is one, "stop by at five?" is not.
"""

from __future__ import annotations

import unicodedata

from textback.model import Keyword

# Twilio: STOP UNSUBSCRIBE END QUIT STOPALL REVOKE OPTOUT CANCEL; START UNSTOP YES; HELP INFO
#   https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
# Telnyx: STOP STOPALL "STOP ALL" UNSUBSCRIBE CANCEL END QUIT; START UNSTOP
#   https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out
# AWS: also ARRET OPT-OUT REMOVE TD; ARRET is the French word that Canada expects
#   https://docs.aws.amazon.com/sms-voice/latest/userguide/keywords-required.html
# FCC: stop quit end revoke "opt out" cancel unsubscribe: 47 CFR 64.1200(a)(10)
_WORDS = {
    "stop": Keyword.STOP,  # all four
    "stopall": Keyword.STOP,  # Twilio, Telnyx
    "stop all": Keyword.STOP,  # Telnyx
    "unsubscribe": Keyword.STOP,  # all four
    "cancel": Keyword.STOP,  # all four
    "end": Keyword.STOP,  # all four
    "quit": Keyword.STOP,  # all four
    "revoke": Keyword.STOP,  # Twilio, FCC
    "optout": Keyword.STOP,  # Twilio
    "opt out": Keyword.STOP,  # FCC; AWS with a hyphen
    "remove": Keyword.STOP,  # AWS
    "td": Keyword.STOP,  # AWS
    "arret": Keyword.STOP,  # AWS; accents are taken off before
    "start": Keyword.START,  # Twilio, Telnyx
    "unstop": Keyword.START,  # Twilio, Telnyx
    "help": Keyword.HELP,  # Twilio
    "info": Keyword.HELP,  # Twilio
}
_DROPPED = ("Cf", "Mn")  # invisible: joiners, soft hyphens; accents, which NFKD has set apart
_LONGEST = 48  # characters; "unsubscribe" with spaces and emoji around it stays well below


def keyword_of(body: str, *, opted_out: bool = False) -> Keyword | None:
    """Say which order a text is, if it is one.

    Case, accents, and whatever is neither letter nor digit make no difference; nor does saying the
    same thing more than once ("STOP STOP!").

    Args:
        body: The text as it came.
        opted_out: The number is opted out: then YES means START, as Twilio has it.  From anyone
            else it is the answer to a question.
    """
    body = body.strip()
    if len(body) > _LONGEST:
        return None
    said = "".join(
        character if character.isalnum() else " "
        for character in unicodedata.normalize("NFKD", body.casefold())
        if unicodedata.category(character) not in _DROPPED
    ).split()
    if len(set(said)) == 1:
        said = said[:1]
    words = " ".join(said)
    if opted_out and words == "yes":  # Twilio
        return Keyword.START
    return _WORDS.get(words)

"""The provider's side: it takes texts, counts them, and now and then breaks a connection."""

from __future__ import annotations

import random

from support import twilio_api


def provider(rng: random.Random) -> twilio_api.TwilioApi:
    """Twilio's far side, with its bad moments."""

    def behave(form: dict[str, str]) -> str:
        return twilio_api.BREAK_AFTER if rng.random() < 0.02 else twilio_api.OK

    return twilio_api.TwilioApi(behave=behave)

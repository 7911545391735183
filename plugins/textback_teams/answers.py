"""What a workflow answers, and what a person must do about it.

202 means that it has begun, not that anything was shown.  The older webhooks, and workflows that
answer for themselves, say 200 and may have an error in the words:
https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using#rate-limiting-for-connectors
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import httpx

from textback.errors import MaybeSent, Refused
from textback.http import retry_after

_FAILED: Final = re.compile(r"\bHTTP error (\d{3})\b")
_CODE: Final = re.compile(r"[A-Za-z]{3,60}")

_AGAIN: Final = "copy its address again, whole, into url"
_ADVICE: Final = {
    400: "it can't read the request; see that it starts with "
    '"When a Teams webhook request is received"',
    401: f'see that "Who can trigger the flow" is "Anyone", and {_AGAIN}',
    403: f'see that "Who can trigger the flow" is "Anyone", and {_AGAIN}',
    404: f"it was deleted, or the address is not whole; {_AGAIN}",
    410: f"it was deleted; make another and {_AGAIN}",
    413: "the notice is too large for it",
}
_ADVICE_BY_CODE: Final = {
    "WorkflowTriggerIsNotEnabled": "it is switched off, as when its owner has left; switch it on",
}
_PASSING: Final = frozenset({408, 429})


def read(response: httpx.Response, now: datetime) -> None:
    """Let a yes pass.

    Raises:
        Refused: The workflow said no, in its status or in its words.
        MaybeSent: It said something that no workflow says.
    """
    words = response.text
    failed = _FAILED.search(words)
    status = int(failed[1]) if response.is_success and failed else response.status_code
    if 200 <= status < 300:
        if "html" in response.headers.get("content-type", ""):
            raise MaybeSent("a web page answered, not a workflow; see url")
        return
    code = _code(response)
    advice = _ADVICE_BY_CODE.get(code) or _ADVICE.get(status, "")
    raise Refused(
        f"the workflow answered {' '.join(filter(None, (str(status), code)))}"
        f"{': ' if advice else ''}{advice}",
        permanent=not (status in _PASSING or status >= 500),
        retry_after=retry_after(response, now),
        code=code or str(status),
    )


def _code(response: httpx.Response) -> str:
    """Azure's own code, ``{"error": {"code": ...}}``; its words may repeat the address."""
    try:
        told = response.json()
    except ValueError:
        return ""
    match told:
        case {"error": {"code": str(code)}} if _CODE.fullmatch(code):
            return code
    return ""

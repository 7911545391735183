"""An app's token: renewed in time, by one process at a time, and never lost."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from textback.config.secrets import Secret
from textback.errors import MaybeSent, Refused
from textback.testing.builders import a_call, a_text
from textback.testing.memory import MemoryState


@pytest.fixture
def app(make, api):
    """The plugin of a marketplace app; the private integration's token is worth nothing."""
    api.tokens = set()
    return make(oauth=True)


async def test_the_first_request_gets_a_token(app, api):
    """From the refresh token in the file; then it holds."""
    await app.identify_caller(a_call())
    await app.identify_caller(a_call())
    assert api.refreshes == ["refresh-0"]


async def test_requests_at_once_renew_once(app, api):
    """A refresh token is used up by its first use."""
    await asyncio.gather(*(app.send_text(a_text(to=f"+1303555012{n}")) for n in range(4)))
    assert api.refreshes == ["refresh-0"]


async def test_another_process_uses_what_the_first_has_got(make, api):
    """What came of renewing is in the store."""
    api.tokens = set()
    await make(oauth=True).identify_caller(a_call())
    await make(oauth=True).identify_caller(a_call())
    assert api.refreshes == ["refresh-0"]


async def test_it_is_renewed_before_its_end(app, api, clock):
    """With the refresh token that came with it."""
    await app.identify_caller(a_call())
    clock.advance(timedelta(hours=23, minutes=58))
    await app.identify_caller(a_call())
    assert api.refreshes == ["refresh-0", "refresh-1"]


async def test_maintaining_renews_it_while_nobody_waits(app, api, clock):
    """Hours before its end, so that a text finds it ready."""
    await app.maintain()
    await app.maintain()
    clock.advance(timedelta(hours=19))
    await app.maintain()
    assert api.refreshes == ["refresh-0", "refresh-1"]


async def test_a_private_integration_has_nothing_to_maintain(crm, api):
    """Its token holds until somebody takes it away."""
    await crm.maintain()
    assert api.asked == []


async def test_a_token_that_is_refused_is_replaced(app, api):
    """Whoever isn't let in has done nothing, so the request is made again."""
    await app.identify_caller(a_call())
    api.tokens = {"none of ours"}
    api.add_contact(phone="+13035550123", firstName="Anna")
    assert (await app.identify_caller(a_call())).first_name == "Anna"
    assert api.refreshes == ["refresh-0", "refresh-1"]


async def test_what_another_process_renewed_is_taken_instead_of_renewing_again(make, api):
    """Two processes are refused at the same time."""
    api.tokens = set()
    first, second = make(oauth=True), make(oauth=True)
    await first.identify_caller(a_call())
    await second.identify_caller(a_call())
    api.tokens = set()
    await first.identify_caller(a_call())
    await second.identify_caller(a_call())
    assert api.refreshes == ["refresh-0", "refresh-1"]


async def test_a_lost_answer_to_renewing_is_asked_for_again_at_once(over, api):
    """For a short while the same refresh token gets the same answer."""
    lost = []

    class Forgiving:
        def __init__(self):
            self.clock = api.clock

        def __call__(self, request):
            answer = api(request)
            if request.url.path == "/oauth/token" and not lost:
                lost.append(True)
                api.refresh = "refresh-0"
                raise MaybeSent("took the request and gave no whole answer")
            return answer

    api.tokens = set()
    await over(Forgiving(), oauth=True).identify_caller(a_call())
    assert api.refreshes == ["refresh-0", "refresh-0"]


async def test_a_refresh_token_that_is_used_up_is_for_people(app, api):
    """With what to do, and without a part of any token."""
    api.refresh = "something else"
    with pytest.raises(Refused, match="install the app again") as caught:
        await app.identify_caller(a_call())
    assert caught.value.permanent
    assert "refresh-0" not in str(caught.value)


@pytest.mark.parametrize(("status", "permanent"), [(500, False), (429, False), (401, True)])
async def test_trouble_with_renewing_is_told_apart(over, clock, status, permanent):
    """What passes is tried again."""

    class Api:
        def __init__(self):
            self.clock = clock

        def __call__(self, request):
            return httpx.Response(status, headers={"retry-after": "2"}, json={})

    with pytest.raises(Refused) as caught:
        await over(Api(), oauth=True).identify_caller(a_call())
    assert (caught.value.permanent, caught.value.retry_after) == (permanent, 2)


async def test_another_installation_begins_anew(over, api, clock):
    """Whoever puts another refresh token into the file means it."""
    api.tokens = set()
    state = MemoryState(clock)
    await over(api, oauth=True, state=state).identify_caller(a_call())
    api.refresh = "refresh-again"
    again = over(api, oauth=True, state=state, refresh_token=Secret("refresh-again"))
    await again.identify_caller(a_call())
    assert api.refreshes == ["refresh-0", "refresh-again"]


async def test_no_token_shows(app):
    """Neither in the plugin nor in what it keeps in memory."""
    await app.identify_caller(a_call())
    shown = f"{app!r} {app._api.tokens._pair!r}"
    assert "access-1" not in shown
    assert "refresh-" not in shown

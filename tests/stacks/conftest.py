"""Three whole stacks under one `serve`, shared by the tests: each has a caller of its own."""

import itertools

import pytest
import pytest_asyncio

from support.stacks import Agency


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def agency(tmp_path_factory):
    """The deployment, from the page's files."""
    async with Agency.open(tmp_path_factory.mktemp("agency")) as opened:
        yield opened


_numbers = itertools.count(120)


@pytest.fixture
def suffix():
    """The last four digits of a caller who has never called before."""
    return f"0{next(_numbers)}"


@pytest.fixture
def another_suffix():
    """And of another one."""
    return f"0{next(_numbers)}"

"""``${NAME}`` and ``{ file = ... }``: where values come from that don't stand in a file."""

from datetime import timedelta

import pytest

from textback.config.durations import read_duration, write_duration
from textback.config.references import References
from textback.errors import ConfigError


@pytest.fixture
def references(tmp_path):
    (tmp_path / "token").write_text("from a file\n")
    (tmp_path / "empty").write_text("\n")
    return References(
        environ={
            "NAME": "value",
            "EMPTY": "",
            "TOKEN_FILE": "token",
            "GONE_FILE": "gone",
            "HOLLOW_FILE": str(tmp_path / "empty"),
        },
        directory=tmp_path,
        resolve={"vault:sms/token": "from a vault", "VAULTED": "too"}.get,
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("${NAME}", "value"),
        ("a ${NAME} b ${NAME}", "a value b value"),
        ("$5 and $$ and $${NAME}", "$5 and $ and ${NAME}"),
        ("{{ first_name }}", "{{ first_name }}"),
        ("${TOKEN}", "from a file"),
        ("${VAULTED}", "too"),
        ("${vault:sms/token}", "from a vault"),
    ],
)
def test_references_are_replaced(references, text, value):
    """From the environment, the file that NAME_FILE names, or whoever resolves secrets."""
    assert references.expand(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${NOPE}", "${NOPE} is not set; set the environment variable NOPE, or NOPE_FILE"),
        ("${EMPTY}", "${EMPTY} is not set"),
        ("${GONE}", 'GONE_FILE: the file "gone" can\'t be read: No such file'),
        ("${HOLLOW}", "is empty"),
        ("${vault:other}", "${vault:other} is not known"),
        ("${}", "${} is not known"),
    ],
)
def test_a_reference_without_a_value_says_what_to_set(references, text, message):
    """An empty variable is as good as none."""
    with pytest.raises(ConfigError) as caught:
        references.expand(text)

    assert message in str(caught.value)


def test_the_environment_is_in_no_repr(references):
    """References travel with the tables of plugins."""
    assert "value" not in repr(references)


def test_a_secret_may_stand_in_a_file_of_its_own(files):
    """Relative to textback.toml, wherever the program was started."""
    files.write("textback.key", "0123456789abcdef\n")
    files.write(
        "textback.toml",
        """
        [server]
        public_url = "https://hooks.agency.example/"
        [store]
        key = { file = "textback.key" }
        """,
    )

    deployment = files.load().deployment

    assert deployment.store.key.value == "0123456789abcdef"
    assert deployment.server.public_url == "https://hooks.agency.example"
    assert "0123456789abcdef" not in repr(deployment)


def test_secrets_of_plugins_are_looked_up_later(files):
    """A client is read without them; the stack that needs them complains."""
    files.client('contact = "${PHONE}"\n[plugins.twilio]\nauth_token = "${NOT_SET}"')

    client = files.load_one(environ={"PHONE": "303-555-0100"})

    assert client.contact == "303-555-0100"
    assert client.plugins["twilio"].settings == {"auth_token": "${NOT_SET}"}
    assert client.plugins["twilio"].region == "US"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86_400), ("1w", 604_800), ("1h30m", 5400)],
)
def test_durations_are_a_number_and_a_unit(text, seconds):
    """And may be several of them."""
    assert read_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "90", "h", "1.5h", "1 h", "-1h", "1y", "999999999w"])
def test_anything_else_is_no_duration(text):
    """The message shows how to write one."""
    with pytest.raises(ConfigError):
        read_duration(text)


@pytest.mark.parametrize("text", ["0s", "90s", "1h30m", "1d", "7d", "1d1s"])
def test_a_duration_is_written_as_it_is_read(text):
    """Whatever way it was written: 90s becomes 1m30s."""
    assert read_duration(write_duration(read_duration(text))) == read_duration(text)
    assert write_duration(timedelta(days=7)) == "7d"

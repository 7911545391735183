"""``registration``, as it is typed: the sheet is written first, and compared from then on."""

import sys

import pytest

from support import deployment as d
from textback.cli import main

SHEET = "registered/bright.toml"


@pytest.fixture
def textback(tmp_path, monkeypatch, capsys):
    """Run a command on a client that names a sheet which isn't there yet."""
    client = d.CLIENT.replace("SETTINGS", "").replace(
        'registration.id = "CMP1234"', f'registration = {{ id = "CMP1234", sheet = "{SHEET}" }}'
    )
    config = d.write(tmp_path, "http://127.0.0.1:1")
    (tmp_path / "clients" / "bright.toml").write_text(client.replace("BASE_URL", "http://a.test"))
    monkeypatch.chdir(tmp_path)

    def invoke(*words):
        monkeypatch.setattr(sys, "argv", ["textback", *words, "--config", str(config)])
        with pytest.raises(SystemExit) as end:
            main()
        told = capsys.readouterr()
        return end.value.code or 0, told.out, told.err

    return invoke


def test_the_sheet_that_the_file_names_can_still_be_written(textback, tmp_path):
    """Whichever of the two is done first; the folder is made."""
    code, _, words = textback("registration", "bright")
    assert (code, f"--out {tmp_path / SHEET}" in words) == (1, True), words

    code, _, words = textback("registration", "bright", "--out", SHEET)
    assert code == 0, words
    assert "Bright Smile Dental" in (tmp_path / SHEET).read_text()

    code, out, words = textback("registration", "bright")
    assert (code, out) == (0, (tmp_path / SHEET).read_text()), words


def test_its_help_says_where_the_sheet_is_named(textback):
    """Brackets would be taken for a colour."""
    assert "registration.sheet" in textback("registration", "--help")[1]

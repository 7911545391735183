"""Plugins found by name and imported one by one."""

import subprocess
import sys
from textwrap import dedent

import pytest

from textback.errors import ConfigError
from textback.plugins import find, hooks_of, load

PLUGIN = """
    import attrs
    from textback.hookspecs import hookimpl

    @attrs.frozen
    class Settings:
        url: str = ""

    @attrs.frozen(eq=False)
    class {name}:
        settings: Settings
        services: object

        @hookimpl
        async def notify_team(self, notice):
            "Tells nobody."
"""


def write_plugin(path, name="Acme", *, before="", after=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(before + dedent(PLUGIN.format(name=name)) + after)
    return path


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A directory of installed packages; what is imported from it is forgotten."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [name for name in sys.modules if name.endswith("_plugin")]:
        del sys.modules[name]


def install(site, package, points, *, version="1.2", extras=()):
    info = site / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    provides = "".join(f"Provides-Extra: {extra}\n" for extra in extras)
    info.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n{provides}\n"
    )
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    info.joinpath("entry_points.txt").write_text(f"[textback]\n{lines}")


def test_installed_package(site):
    """By its entry point, with where it comes from."""
    install(site, "textback-acme", {"acme": "acme_plugin:Acme"})
    write_plugin(site / "acme_plugin.py")
    found = find()["acme"]
    assert (found.name, found.origin, found.version) == ("acme", "textback-acme", "1.2")
    assert found.loaded is None
    assert hooks_of(load(found)) == {"notify_team"}
    assert found.loaded is load(found)


def test_nothing_is_imported_that_is_not_loaded(site):
    """Neither by looking for plugins nor by importing another one."""
    install(site, "textback-acme", {"acme": "acme_plugin:Acme", "bravo": "bravo_plugin:Bravo"})
    write_plugin(site / "acme_plugin.py")
    write_plugin(site / "bravo_plugin.py", before="raise SystemExit('imported')\n")
    write_plugin(site / "plugins" / "local.py", before="raise SystemExit('imported')\n")
    script = f"""
        import sys
        sys.path.insert(0, {str(site)!r})
        from pathlib import Path
        from textback.plugins import find, load
        found = find(Path({str(site)!r}))
        assert {{"acme", "bravo", "local"}} <= found.keys()
        assert "acme_plugin" not in sys.modules
        load(found["acme"])
        print(sorted(name for name in sys.modules if name.endswith("_plugin")))
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(script)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['acme_plugin']\n"


@pytest.mark.parametrize(
    ("extras", "command"),
    [(["acme"], 'pip install "textback-acme[acme]"'), ([], "pip install simple_acme")],
)
def test_missing_package_says_what_to_run(site, extras, command):
    """The extra of the plugin's name if the distribution has one, else the package itself."""
    install(site, "textback-acme", {"acme": "acme_plugin:Acme"}, extras=extras)
    write_plugin(site / "acme_plugin.py", before="import simple_acme.api\n")
    with pytest.raises(ConfigError) as caught:
        load(find()["acme"])
    assert str(caught.value) == f"needs the package simple_acme; run: {command}"


def test_import_that_raises_says_where(site):
    """The last line that was reached, in one line."""
    install(site, "textback-acme", {"acme": "acme_plugin:Acme"})
    broken = write_plugin(site / "acme_plugin.py", after="\n1 / 0\n")
    number = len(broken.read_text().splitlines())
    with pytest.raises(ConfigError) as caught:
        load(find()["acme"])
    words = f"ZeroDivisionError: division by zero ({broken}, line {number})"
    assert str(caught.value) == f"importing it failed: {words}"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit(3)", "importing it failed: SystemExit: 3"),
        ("def x(:", "importing it failed: SyntaxError: invalid syntax"),
        ("plugin = 3", "gives a int, not a class"),
        ("x = 3", "has no class with a method that is marked @hookimpl"),
    ],
)
def test_file_that_is_no_plugin(tmp_path, code, words):
    """Whatever it does, it is a message."""
    file = tmp_path / "plugins" / "acme.py"
    file.parent.mkdir()
    file.write_text(code)
    with pytest.raises(ConfigError) as caught:
        load(find(tmp_path)["acme"])
    assert words in str(caught.value)
    assert str(file) in str(caught.value) or "acme.py" in str(caught.value)


def test_one_file_plugin(tmp_path):
    """The only class with hooks; settings and helpers beside it don't disturb."""
    file = write_plugin(tmp_path / "plugins" / "shout.py", "Shout")
    write_plugin(tmp_path / "plugins" / "_helper.py")
    found = find(tmp_path)
    assert "_helper" not in found
    assert found["shout"].origin == str(file)
    kind = load(found["shout"])
    assert kind.__name__ == "Shout"
    assert hooks_of(kind) == {"notify_team"}


def test_two_deployments_with_files_of_one_name(tmp_path):
    """Each gets its own class."""
    write_plugin(tmp_path / "one" / "plugins" / "shout.py", "One")
    write_plugin(tmp_path / "two" / "plugins" / "shout.py", "Two")
    kinds = [load(find(tmp_path / name)["shout"]) for name in ("one", "two")]
    assert [kind.__name__ for kind in kinds] == ["One", "Two"]


def test_file_with_several_classes_must_say_which(tmp_path):
    """No guessing; a line in the file settles it."""
    second = dedent(PLUGIN.format(name="Second"))
    file = write_plugin(tmp_path / "plugins" / "shout.py", "First", after=second)
    with pytest.raises(ConfigError, match="First, Second; say which: plugin = First"):
        load(find(tmp_path)["shout"])
    write_plugin(file, "First", after=second + "\nplugin = Second\n")
    assert load(find(tmp_path)["shout"]).__name__ == "Second"


def test_name_that_is_offered_twice(site, tmp_path):
    """Told when it is used, and which one to rename; others aren't concerned."""
    install(site, "textback-acme", {"acme": "acme_plugin:Acme"})
    file = write_plugin(tmp_path / "plugins" / "acme.py")
    with pytest.raises(ConfigError) as caught:
        load(find(tmp_path)["acme"])
    both = f"textback-acme and {file}"
    assert str(caught.value) == f'{both} both offer a plugin named "acme"; rename the file'
    install(site, "textback-other", {"acme": "other_plugin:Acme"})
    with pytest.raises(ConfigError, match="uninstall one"):
        load(find()["acme"])

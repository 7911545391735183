"""Servers that Apprise's own services talk to, over real sockets."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs
import pytest

from textback.config.secrets import Secret
from textback.testing.fixtures import provider, services
from textback_apprise import Apprise, Settings

__all__ = ["provider", "services"]

PASSWORD = "the-password-in-the-url"


@attrs.define
class Listener:
    """What ``json://`` posts to.  A path ends in the status of its answer, or in ``silent``.

    Attributes:
        answers: Statuses by path, instead of those in the paths.
        told: Path and body of every request.
        let_go: Set when the silent may answer.
    """

    port: int
    answers: dict = attrs.field(factory=dict)
    told: list = attrs.field(factory=list)
    let_go: threading.Event = attrs.field(factory=threading.Event)

    def url(self, path):
        return f"json://desk:{PASSWORD}@127.0.0.1:{self.port}/{path}"

    def bodies(self, path):
        return [body for each, body in self.told if each == f"/{path}"]


@pytest.fixture
def listener():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            made.told.append((self.path, json.loads(body)))
            path = self.path.removeprefix("/")
            if path.endswith("silent"):
                made.let_go.wait(20)
            stated = int(path[-3:]) if path[-3:].isdigit() else 200
            self.send_response(made.answers.get(path, stated))
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Listener(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.let_go.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def build(services, listener):
    """Makes the plugin for paths of the listener, or whole URLs."""

    def build(*urls, **settings):
        secrets = tuple(Secret(url if "://" in url else listener.url(url)) for url in urls)
        return Apprise(Settings(urls=secrets, **settings), services)

    return build

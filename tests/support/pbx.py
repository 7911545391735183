"""A PBX with a manager interface on a real socket, and what it tells of whole calls."""

import asyncio
import hashlib
from contextlib import suppress

import attrs

LINE = "+13035550100"
CALLER = "+13035550123"
USER, SECRET = "textback", "secret of the PBX"
DID = "3035550100"
TRUNK, CONTEXT = "PJSIP/carrier", "from-pstn"


def message(**headers):
    """One message as it goes over the wire."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"


@attrs.define
class Pbx:
    """Lets who knows the secret in, and says what it is told to say.

    Attributes:
        says: What each connection is told after it has asked for the channels; then it is closed,
            unless `stays`.
        cuts: Where what it says is cut into pieces, by position.
        early: What is said before the answer to the question for the channels.
        channels: Those that are there, as CoreShowChannels lists them.
        refuses: Actions that are answered with an error.
        mute: Actions that are not answered at all.
        bye_after: Pings after which the connection is closed.
    """

    says: str = ""
    cuts: tuple = ()
    early: str = ""
    channels: list = attrs.field(factory=list)
    contexts: tuple = (CONTEXT,)
    refuses: tuple = ()
    mute: tuple = ()
    stays: bool = False
    bye_after: int | None = None
    banner: str = "Asterisk Call Manager/9.0.0"
    challenge: str = "203984757"
    clock: str | None = None
    actions: list = attrs.field(factory=list)
    pings: int = 0
    connections: int = 0
    port: int = 0
    closed: list = attrs.field(factory=list)
    _server: asyncio.Server | None = None
    _writers: set = attrs.field(factory=set)

    async def start(self, tls=None):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self):
        self._server.close()
        await self.hang_up()

    @property
    def open(self):
        """Connections that have asked for the channels, and are told what happens from then on."""
        ready = any(each["Action"] == "CoreShowChannels" for each in self.actions)
        return len(self._writers) if ready else 0

    async def tell(self, call=None):
        """A call comes in, or goes as it is given."""
        for writer in self._writers:
            writer.write(str(call or Call()).encode())

    async def hang_up(self):
        """Every connection breaks."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _serve(self, reader, writer):
        self.connections += 1
        self._writers.add(writer)
        try:
            writer.write(f"{self.banner}\r\n".encode())
            while block := await reader.readuntil(b"\r\n\r\n"):
                asked = dict(line.split(": ", 1) for line in block.decode().split("\r\n") if line)
                self.actions.append(asked)
                await self._answer(asked, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            self.closed.append(writer)

    async def _answer(self, asked, writer):
        action, id_ = asked["Action"], asked["ActionID"]
        if action in self.mute:
            return
        if action in self.refuses:
            answer = {"Response": "Error", "ActionID": id_, "Message": "Permission denied"}
            writer.write(message(**answer).encode())
            return
        match action:
            case "Challenge":
                writer.write(self._yes(id_, Challenge=self.challenge))
            case "Login":
                key = hashlib.md5(f"{self.challenge}{SECRET}".encode()).hexdigest()
                if (asked["Username"], asked["Key"]) != (USER, key):
                    answer = {"Response": "Error", "ActionID": id_}
                    writer.write(message(**answer, Message="Authentication failed").encode())
                    return
                writer.write(self._yes(id_, Message="Authentication accepted"))
                writer.write(message(Event="FullyBooted", Status="Fully Booted").encode())
            case "Ping":
                self.pings += 1
                stamp = {"Timestamp": self.clock} if self.clock else {}
                writer.write(self._yes(id_, Ping="Pong", **stamp))
                if self.pings == self.bye_after:
                    writer.close()
            case "CoreShowChannels":
                writer.write(self.early.encode())
                self._list(writer, id_, "CoreShowChannel", self.channels)
                await self._say(writer)
            case "ShowDialPlan" if asked["Context"] in self.contexts:
                self._list(writer, id_, "ListDialplan", [{"Context": asked["Context"]}])
            case "ShowDialPlan":
                writer.write(
                    message(Response="Error", ActionID=id_, Message="Did not find context").encode()
                )

    def _yes(self, id_, **more):
        return message(Response="Success", ActionID=id_, **more).encode()

    def _list(self, writer, id_, name, entries):
        writer.write(self._yes(id_, EventList="start"))
        for entry in entries:
            writer.write(message(Event=name, ActionID=id_, **entry).encode())
        end = {"EventList": "Complete", "ListItems": len(entries)}
        writer.write(message(Event=f"{name}sComplete", ActionID=id_, **end).encode())

    async def _say(self, writer):
        said, begin = self.says.encode(), 0
        with suppress(ConnectionError):
            for cut in (*sorted({cut % (len(said) + 1) for cut in self.cuts}), len(said)):
                writer.write(said[begin:cut])
                await writer.drain()
                await asyncio.sleep(0)  # the reader's turn
                begin = cut
        if not self.stays:
            writer.close()


class Call:
    """A call as the channels tell of it; each method adds what Asterisk would say.

    The first channel is the caller's, on a trunk; others are phones that are dialled.
    """

    def __init__(
        self,
        began=1795425902,
        *,
        caller=CALLER,
        exten=DID,
        channel=f"{TRUNK}-00000001",
        context=CONTEXT,
        state="Ring",
    ):
        self.id = f"{began}.0"
        self.began, self.count = began, 0
        self.first = {"Channel": channel, "ChannelStateDesc": state, "Context": context}
        self.first |= {"Exten": exten, "Uniqueid": self.id, "Linkedid": self.id}
        self.caller = {"CallerIDNum": caller, "CallerIDName": "Jane Doe"}
        self.phones = {}
        self.told = []
        self.say("Newchannel", **self.first, **self.caller)

    def say(self, event, **headers):
        self.told.append(message(Event=event, Privilege="call,all", **headers))
        return self

    def __str__(self):
        return "".join(self.told)

    @property
    def mine(self):
        return self.first | self.caller

    def dest(self, phone):
        return {f"Dest{name}": value for name, value in self.phones[phone].items()}

    def new(self, phone, name=None, **more):
        """A channel that is dialled comes to be."""
        self.count += 1
        self.phones[phone] = {
            "Channel": name or f"PJSIP/{phone}-0000000{self.count}",
            "Context": "from-internal",
            "Exten": "",
            "Uniqueid": f"{self.began}.{self.count}",
            "Linkedid": self.id,
            **more,
        }
        return self.say("Newchannel", CallerIDNum="<unknown>", **self.phones[phone])

    def rings(self, phone, name=None, *, dialled=None, **more):
        self.new(phone, name, **more)
        return self.say("DialBegin", **self.mine, **self.dest(phone), DialString=dialled or phone)

    def dialled(self, phone, status):
        return self.say("DialEnd", **self.mine, **self.dest(phone), DialStatus=status)

    def ends(self, phone, status):
        """A phone that was dialled wasn't answered."""
        return self.dialled(phone, status).hangs_up(phone, 0)

    def hangs_up(self, phone, cause=16):
        return self.say("Hangup", **self.phones[phone], Cause=cause)

    def answers(self, phone):
        self.dialled(phone, "ANSWER")
        self.say("Newstate", **(self.mine | {"ChannelStateDesc": "Up"}))
        self.say("BridgeEnter", BridgeUniqueid="b-1", BridgeNumChannels=1, **self.phones[phone])
        return self.say("BridgeEnter", BridgeUniqueid="b-1", BridgeNumChannels=2, **self.mine)

    def over(self, cause=16):
        """The caller's channel is gone."""
        return self.say("Hangup", **self.mine, Cause=cause)

    def queue(self, event, name="support"):
        return self.say(event, **self.mine, Queue=name)

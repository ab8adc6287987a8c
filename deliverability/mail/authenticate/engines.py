"""Spam filters that the user runs: where they are, what one said of a message, and how it is asked within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from enum import StrEnum

from deliverability.fastclass import dataclass
from deliverability.text import visible

MAX_REPLY = 1 << 20
"""Ours: octets of a reply that are read; a report on one message has a few kilobytes."""
MAX_SYMBOLS = 200
"""Ours: rules of a reply that are kept."""
MAX_TEXT = 200
"""Ours: characters of a rule's name or description that are kept."""
TIMEOUT = 60.0
"""Seconds for the whole conversation. SpamAssassin's own limit is 300, of which network tests take most."""


class EngineState(StrEnum):
    """What became of asking a filter. Only `answered` says anything of the message."""

    ANSWERED = "answered"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One rule that matched, and the points it added."""

    name: str
    score: float
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What one filter said of the message: plain values alone, and nothing of the message's text.

    `state` is a word of `EngineState`, `why` says in one line why nothing was learnt. `action` is rspamd's. From
    `required` points on the filter takes the message for spam.
    """

    engine: str
    address: str
    state: str
    why: str = ""
    score: float | None = None
    required: float | None = None
    is_spam: bool = False
    action: str = ""
    symbols: tuple[Symbol, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether it said anything of the message."""
        return self.state == EngineState.ANSWERED.value


class Unreadable(ValueError):
    """A reply that is not what the filter's protocol says; one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a filter listens."""

    host: str
    port: int

    @property
    def text(self) -> str:
        """As people write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, default_port: int) -> Address:
    """`HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`. Raises ValueError in one line."""
    host, port = text, ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"not HOST[:PORT]: {visible(text)[:80]!r}")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    number = port or str(default_port)
    if not host or not all(c.isalnum() or c in "-._:" for c in host) or not _is_port(number):
        raise ValueError(f"not HOST[:PORT]: {visible(text)[:80]!r}")
    return Address(host=host, port=int(number))


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536


async def asked(
    engine: str,
    address: Address,
    request: bytes,
    read: Callable[[bytes], EngineFacts],
    *,
    tls: bool = False,
    timeout: float,  # noqa: ASYNC109 - the caller's bound on a stranger's daemon
) -> EngineFacts:
    """What `read` makes of the reply to `request`; every way of not getting one is a state. Never raises."""
    try:
        async with asyncio.timeout(timeout):
            reply = await _exchange(address, request, tls=tls)
        return read(reply)
    except TimeoutError:
        return nothing(engine, address, EngineState.TIMEOUT, f"no answer within {timeout:g} s")
    except Unreadable as error:
        return nothing(engine, address, EngineState.UNREADABLE, str(error))
    except OSError as error:
        return nothing(engine, address, EngineState.UNREACHABLE, error.strerror or type(error).__name__)


def nothing(engine: str, address: Address, state: EngineState, why: str) -> EngineFacts:
    """What is known of a filter that said nothing of the message."""
    return EngineFacts(engine=engine, address=address.text, state=state.value, why=visible(why)[:MAX_TEXT])


def described(text: str) -> str:
    """A rule's description as it is kept: not where it may hold an address of the message."""
    return "" if "@" in text else visible(text)[:MAX_TEXT]


def ranked(symbols: Iterable[Symbol]) -> tuple[Symbol, ...]:
    """The rules that are kept, those with most points first."""
    return tuple(sorted(symbols, key=lambda one: (-one.score, one.name))[:MAX_SYMBOLS])


async def _exchange(address: Address, request: bytes, *, tls: bool) -> bytes:
    """Send `request` and read until the other side closes, at most `MAX_REPLY` octets."""
    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=tls or None)
    sending = asyncio.ensure_future(_send(writer, request))
    try:
        reply = bytearray()
        while block := await reader.read(65536):
            reply += block
            if len(reply) > MAX_REPLY:
                raise Unreadable(f"a reply of more than {MAX_REPLY >> 20} MiB")
        await sending
        return bytes(reply)
    finally:
        sending.cancel()
        writer.close()


async def _send(writer: asyncio.StreamWriter, request: bytes) -> None:
    """A filter may answer and hang up before it has read everything: its answer counts all the same."""
    try:
        writer.write(request)
        await writer.drain()
    except ConnectionError:
        return

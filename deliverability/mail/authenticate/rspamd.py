"""rspamd: one POST of the message to /checkv2 of a worker or of the controller, and its JSON."""

from __future__ import annotations

import json
import math
import re
from typing import Any, cast
from urllib.parse import urlsplit

from deliverability.fastclass import dataclass
from deliverability.mail.authenticate.engines import (
    MAX_TEXT,
    TIMEOUT,
    Address,
    EngineFacts,
    EngineState,
    Symbol,
    Unreadable,
    asked,
    described,
    nothing,
    parse_address,
    ranked,
)
from deliverability.mail.authenticate.facts import Connection
from deliverability.text import visible

ENGINE = "rspamd"
PORT = 11333
"""The port of rspamd's normal worker; the controller has 11334."""
SPAM_ACTIONS = frozenset({"reject", "rewrite subject", "add header", "quarantine", "discard"})
"""Actions by which rspamd takes a message for spam; greylist and soft reject only put it off."""

_STATUS = re.compile(r"HTTP/1\.[01] (\d{3})(?: ([^\r\n]{0,80}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where rspamd answers."""

    address: Address
    tls: bool = False


def parse_url(text: str) -> Endpoint:
    """`http://HOST[:PORT]`, https too; the path is ours. Raises ValueError in one line."""
    problem = f"not a URL such as http://127.0.0.1:{PORT}: {visible(text)[:80]!r}"
    try:
        parts = urlsplit(text if "//" in text else f"http://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(problem) from None
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.path.strip("/"):
        raise ValueError(problem)
    bare = f"[{host}]" if ":" in host else host
    return Endpoint(address=parse_address(f"{bare}:{port or PORT}", PORT), tls=parts.scheme == "https")


async def ask_rspamd(
    raw: bytes,
    endpoint: Endpoint,
    *,
    connection: Connection | None = None,
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - see `asked`
) -> EngineFacts:
    """What rspamd says of the message `raw`, handed over as `connection` has it. Never raises; `timeout` in seconds."""
    fields = {"Host": endpoint.address.text, "Content-Length": str(len(raw)), "Connection": "close"}
    if connection is not None and connection.ip:
        fields["IP"] = connection.ip
    if connection is not None and connection.helo and connection.helo.isprintable() and connection.helo.isascii():
        fields["Helo"] = connection.helo
    head = "POST /checkv2 HTTP/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return await asked(
        ENGINE,
        endpoint.address,
        head.encode("ascii", "replace") + b"\r\n" + raw,
        lambda reply: read_reply(reply, endpoint.address),
        tls=endpoint.tls,
        timeout=timeout,
    )


def read_reply(reply: bytes, address: Address) -> EngineFacts:
    """The facts of a reply of /checkv2. Raises Unreadable. A rule's options are of the message, and are not kept."""
    head, _, body = reply.partition(b"\r\n\r\n")
    status = _STATUS.match(head.decode("latin-1"))
    if status is None:
        raise Unreadable("not a reply in HTTP" if reply else "no reply")
    if status[1] != "200":
        return nothing(ENGINE, address, EngineState.REFUSED, f"rspamd answers {status[1]} {status[2] or ''}".strip())
    said = _json(body)
    action = str(said.get("action", ""))
    return EngineFacts(
        engine=ENGINE,
        address=address.text,
        state=EngineState.ANSWERED.value,
        score=_number(said.get("score")),
        required=_number(said.get("required_score")),
        is_spam=action in SPAM_ACTIONS,
        action=visible(action)[:40],
        symbols=_symbols(said.get("symbols")),
    )


def _json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("a reply that is not JSON") from None
    if not isinstance(said, dict):
        raise Unreadable("a reply that is not a JSON object")
    return cast("dict[str, Any]", said)


def _symbols(said: object) -> tuple[Symbol, ...]:
    if not isinstance(said, dict):
        return ()
    found = list[Symbol]()
    for name, one in cast("dict[str, Any]", said).items():
        if isinstance(one, dict) and "@" not in name:
            rule = cast("dict[str, Any]", one)
            found.append(
                Symbol(
                    name=visible(name)[:MAX_TEXT],
                    score=_number(rule.get("score", 0.0)),
                    description=described(str(rule.get("description", ""))),
                )
            )
    return ranked(found)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unreadable("a score that is no number")
    return float(value)

"""Spam filters: what the real ones answer, as far as anybody reads it, and a server on loopback that answers so.

The replies have the form of SpamAssassin 4.0.1 and rspamd 3.4 as Debian 12 packages them, asked on 2026-11-22; the
words for people are others. Tests marked `daemon` hold the form to the real ones.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
"""The line by which both filters take any message for spam: each documents it for tests."""

REPORT = """A filter looked at this message. It was sent to ann@inbox.example.

Content preview:  Dear ann@inbox.example,
   Content analysis details:   (6.1 points, 5.0 required)
---- ---------------------- --------------------------------------------------
 9.9 WRITTEN_BY_A_STRANGER  In the message, to be taken for a rule

Content analysis details:   (6.1 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
-0.0 NO_RELAYS              About relays
 4.0 DRUGS_ERECTILE         About a drug
 2.1 FREEMAIL_FROM          About the sender's provider [ann[at]inbox.example]
                            [ann[at]inbox.example]
 0.0 NO_DESCRIPTION
1000 GTUBE                  A test

"""


def spamd_reply(score: str = "6.1", spam: str = "True", report: str = REPORT) -> bytes:
    """The reply to REPORT: a status line, two header fields, the report."""
    body = report.encode()
    head = f"SPAMD/1.1 0 EX_OK\r\nContent-length: {len(body)}\r\nSpam: {spam} ; {score} / 5.0\r\n\r\n"
    return head.encode() + body


SPAMD_REFUSES = b"SPAMD/1.0 76 Bad header line: BOGUS SPAMC/1.5\r\n"

SYMBOLS = {
    "ARC_NA": {"name": "ARC_NA", "score": 0.0, "metric_score": 0.0, "description": "About ARC"},
    "MIME_GOOD": {"name": "MIME_GOOD", "score": -0.1, "metric_score": -0.1, "options": ["text/plain"]},
    "TO_EQ_FROM": {"name": "TO_EQ_FROM", "score": 2.5, "metric_score": 2.5, "options": ["ann@inbox.example"]},
}


def rspamd_reply(action: str = "add header", score: float = 8.3, **more: object) -> bytes:
    """The reply of /checkv2."""
    said = {"is_skipped": False, "score": score, "required_score": 15.0, "action": action, "symbols": SYMBOLS}
    return http(json.dumps({**said, "messages": {}, "message-id": "1@mail.example", "time_real": 0.1, **more}))


def http(body: str, status: str = "200 OK") -> bytes:
    """A reply in HTTP as rspamd writes it."""
    octets = body.encode()
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nServer: rspamd/3.4\r\nContent-Length: {len(octets)}\r\n"
    return head.encode() + b"Content-Type: application/json\r\n\r\n" + octets


RSPAMD_REFUSES = http('{"error":"invalid command","error_domain":"protocol-error"}', "500 invalid command")


def spamd_form(reply: bytes) -> dict[str, object]:
    """What is read of a reply of spamd, without its figures."""
    head, _, report = reply.decode("utf-8", "replace").replace("\r\n", "\n").partition("\n\n")
    lines = report.splitlines()
    rules = [line for line in lines if re.match(r"^[ \d.*-]{4,5} [A-Z0-9_]+( |$)", line)]
    return {
        "status": re.sub(r"\d", "9", head.splitlines()[0]),
        "fields": sorted(line.partition(":")[0] for line in head.splitlines()[1:]),
        "verdict": bool(re.search(r"^Spam: (True|False) ; -?[\d.]+ / [\d.]+$", head, re.MULTILINE)),
        "table": any(line.startswith("---- ---------------------- ---") for line in lines),
        "rules": bool(rules),
    }


def rspamd_form(reply: bytes) -> dict[str, object]:
    """What is read of a reply of rspamd, without its figures."""
    head, _, body = reply.partition(b"\r\n\r\n")
    said = json.loads(body)
    symbol = next(iter(said["symbols"].values()))
    return {
        "status": head.split(b"\r\n")[0],
        "keys": sorted({"score", "required_score", "action", "symbols"} & said.keys()),
        "symbol": sorted({"name", "score"} & symbol.keys()),
        "types": [type(said[key]).__name__ for key in ("action", "symbols")],
    }


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncGenerator[int]:
    """A server on loopback whose every connection `handler` has; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()

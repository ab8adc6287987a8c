"""SpamAssassin's daemon: one REPORT request of its own protocol (spamd/PROTOCOL in its source, version 1.5)."""

from __future__ import annotations

import re

from deliverability.mail.authenticate.engines import (
    TIMEOUT,
    Address,
    EngineFacts,
    EngineState,
    Symbol,
    Unreadable,
    asked,
    described,
    nothing,
    ranked,
)

ENGINE = "spamassassin"
PORT = 783
"""The port that spamd listens on by default."""

_STATUS = re.compile(r"SPAMD/\d+\.\d+ (\d{1,3}) ([^\r\n]{0,80})")
_SPAM = re.compile(
    r"^Spam: (True|False|Yes|No) ; (-?[0-9.]{1,12}) / (-?[0-9.]{1,12})\s*$", re.MULTILINE | re.IGNORECASE
)
_RULE = re.compile(r"^ {0,3}(\*? *-?[0-9.]{1,6}) ([A-Z0-9_]{2,80})(?: +(.*))?$")
_MATCHED = re.compile(r"\[.*")


async def ask_spamd(raw: bytes, address: Address, *, timeout: float = TIMEOUT) -> EngineFacts:  # noqa: ASYNC109 - see `asked`
    """What SpamAssassin at `address` says of the message `raw`. Never raises; `timeout` in seconds."""
    head = f"REPORT SPAMC/1.5\r\nContent-length: {len(raw)}\r\n\r\n".encode("ascii")
    return await asked(ENGINE, address, head + raw, lambda reply: read_reply(reply, address), timeout=timeout)


def read_reply(reply: bytes, address: Address) -> EngineFacts:
    """The facts of a REPORT reply. Raises Unreadable. The report's preview of the message is not kept."""
    head, _, body = reply.replace(b"\r\n", b"\n").decode("utf-8", "replace").partition("\n\n")
    status = _STATUS.match(head)
    if status is None:
        raise Unreadable("not a reply of spamd" if reply else "no reply")
    if status[1] != "0":
        return nothing(ENGINE, address, EngineState.REFUSED, f"spamd answers {status[1]} {status[2]}")
    spam = _SPAM.search(head)
    if spam is None:
        raise Unreadable("the reply has no verdict")
    return EngineFacts(
        engine=ENGINE,
        address=address.text,
        state=EngineState.ANSWERED.value,
        score=_number(spam[2]),
        required=_number(spam[3]),
        is_spam=spam[1].lower() in {"true", "yes"},
        symbols=_symbols(body),
    )


def _symbols(report: str) -> tuple[Symbol, ...]:
    """The rules behind the line of dashes. What stands in brackets is of the message, and may be an address."""
    _, _, table = report.rpartition("\n---- ")
    found = list[Symbol]()
    for line in table.splitlines()[1:]:
        match = _RULE.match(line)
        if match is not None:
            words = _MATCHED.sub("", match[3] or "").strip()
            found.append(Symbol(name=match[2], score=_number(match[1].strip("* ")), description=described(words)))
    return ranked(found)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Unreadable("a score that is no number") from None

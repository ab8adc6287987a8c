"""Mails that a machine sent and that say nothing of delivery: automatic replies, receipts, confirmations asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deliverability.mail.parts import Headers, Part, parameter

_RESPONDER = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply", "x-vacation")
"""Fields that only programs which answer mail write."""

_SUBJECT = re.compile(
    r"(?i)^\W*(?:re:\s*)?(?:auto(?:mat\w+)?[-: ]*(?:re(?:ply|sp|ad)|answer|antwort|svar|vastaus)|autoreply|"
    r"out[ -]of[ -](?:the[ -])?office|ooo\b|vacation|away from|i am (?:away|out)|on (?:leave|holiday|vacation)|"
    r"abwesen|automatische|r[\xe9e]ponse auto|absence|absent|respuesta autom|risposta auto|resposta auto|"
    r"fuera de (?:la )?oficina|fora do escrit|autom\w+ (?:atbild|svar|odpov)|automaattinen|read:|"
    r"\u81ea\u52d5(?:\u8fd4\u4fe1|\u5fdc\u7b54|\u56de\u8986)|\u81ea\u52a8(?:\u56de\u590d|\u7b54\u590d)|"
    r"\u0430\u0432\u0442\u043e(?:\u043c\u0430\u0442|\u043e\u0442\u0432))|"
    r"out of (?:the )?office|automatic(?:al)? reply|auto-?reply"
)

_CHALLENGE = re.compile(
    r"(?i)(?:please|pls) confirm|confirm(?:ation)? (?:your (?:mail|message|e-?mail)|required|needed|request)|"
    r"verif(?:y|ication) (?:your (?:mail|message|e-?mail)|required)|challenge|spam ?arrest|sender verification"
)


_SERVER = re.compile(
    r"(?i)\W*(?:un|non)?-?deliver|\W*(?:returned|failure|mail (?:deliver|fail)|message (?:un)?deliver)"
)
"""How servers begin the subject of a notice; the subject of the mail that failed often follows."""


def is_reply(headers: Headers, subject: str) -> bool:
    """Whether a responder wrote this (RFC 3834), not a mail server; X-Failed-Recipients is a server's word."""
    if "x-failed-recipients" in headers:
        return False
    if any(name in headers for name in _RESPONDER):
        return True
    if headers.get("precedence", "").lower() in {"auto_reply", "auto-reply"}:
        return True
    if "mailer-daemon" in headers.get("from", "").lower() or _SERVER.match(subject):
        return False
    # RFC 3834 §3.1.5: a responder says "Auto: " or the like before the subject
    return bool(_SUBJECT.search(subject) or _CHALLENGE.search(subject))


def answers(headers: Headers) -> bool:
    """RFC 3834 §5: auto-replied is an answer to one mail. Some servers write it on their notices too."""
    return headers.get("auto-submitted", "").lower().startswith("auto-replied")


def is_receipt(headers: Headers, parts: Sequence[Part]) -> bool:
    """RFC 8098: a disposition notification says what a reader did with a mail that arrived."""
    if parameter(headers, "report-type").lower() == "disposition-notification":
        return True
    return any(part.kind.endswith("disposition-notification") for part in parts)

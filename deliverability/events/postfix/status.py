"""One Postfix line that tells the status of a delivery: its parts, and whether the mail went out of the house."""

from __future__ import annotations

import re

from deliverability.events.postfix.clock import HEAD
from deliverability.events.schema import Type

STATUS = re.compile(
    HEAD + rb"([^ \n]+) (?:[^ \n\[]*/)?(\w+)(?:\[\d+\])?: (?:\[ID [^\]\n]*\] )?"
    # the first `>, relay=` ends the address: what comes after it may be the receiver's own words
    rb"(\w+): to=(?:<([^>\n]*)>|<([^\n]*?)>|([^,\s<]*)), (?:orig_to=[^\n]*?, )??relay=([^,\n]*), "
    rb"(?:[a-z_]+=[^,\n]*, ){0,4}?delay=(\d{1,9}(?:\.\d{1,6})?), "
    rb"(?:[a-z_]+=[^,\n]*, ){0,4}?(?:dsn=(\d\.\d{1,3}\.\d{1,3}), )?status=([A-Za-z-]+)(?: \(([^\n]*))?"
)
"""https://www.postfix.org/: minute, seconds, fraction, offset, host, agent, queue id, the address in one of three forms
(`<user@host>`, one with `>` in it, one without brackets), relay, delay (seconds since the message came), enhanced code,
status, text."""

TAKEN = re.compile(
    rb"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)? "
    rb"([\w.-]+) [^ \[]+/[ls]mtp\[\d+\]: (\w+): to=<([\w.@+=-]+)>, relay=[^,\[]+\[(?!127\.|::1\])[^\]/,]+\]:\d+, "
    rb"(?:conn_use=\d+, )?delay=(\d{1,9}(?:\.\d{1,6})?), delays=[^,]+, dsn=(\d\.\d{1,3}\.\d{1,3}), "
    rb"status=sent \(([2-5]\d\d)[ -]"
)
"""The shape of nearly all lines that `STATUS` matches, in half the time: a mail that another host took. To be matched
within one line: minute, seconds, fraction, offset, host, queue id, address, delay, enhanced code, reply code."""

EXPIRED = re.compile(HEAD + rb"(\S+) \S+: (\w+): from=<[^\n]*>, status=(?:force-)?expired, returned to sender")
"""The queue manager gives up: minute, seconds, fraction, offset, host, queue id. The recipients are not named."""

DELIVERY = re.compile(HEAD + rb"\S+ \S*/(?!cleanup|qmgr|smtpd)\w+\[\d+\]: \w+: (?:to|orig_to|relay)=")
"""A line that ought to be a `STATUS`; where it is not one, it is bad."""

SAID = re.compile(
    rb"(?: said: |refused to talk to me: |^)([2-5]\d\d)(?:[ -]#?([245]\.\d{1,3}\.\d{1,3})(?![\d.])|(?=[ -]|$))"
)
"""RFC 5321 §4.2: the receiver's reply code; RFC 3463 §2: its enhanced code (`#5.1.0`: Cisco's way)."""

CLIENTS = frozenset((b"smtp", b"lmtp"))
SUSPENDERS = frozenset((b"error", b"retry"))
AGENTS = frozenset((b"discard", b"local", b"pipe", b"virtual"))
"""Delivery agents: those that speak to hosts, those that speak for them, and those that stay in the house."""

LOOPBACK = (b"[127.", b"[::1]")
SOCKET = (b"[private/", b"[public/", b"[/")
OWN_ADDRESS = b"User unknown in "
"""How Postfix begins its own verdict on an address of its own domains."""

QUEUED, DELIVERED, DEFERRED, BOUNCED, UNKNOWN = (
    kind.value.encode() for kind in (Type.QUEUED, Type.DELIVERED, Type.DEFERRED, Type.BOUNCED, Type.UNKNOWN)
)
TYPES = {
    b"sent": DELIVERED,
    b"deferred": DEFERRED,
    b"SOFTBOUNCE": DEFERRED,  # soft_bounce = yes: the mail stays in the queue
    b"bounced": BOUNCED,
    b"expired": BOUNCED,
}
"""The status's own word → the canonical type, as octets. What is not here becomes `unknown`."""
PROBES = (b"deliverable", b"undeliverable")
"""Address verification (`undeliverable-but-not-cached` too): no mail was sent."""


def left_out(agent: bytes, relay: bytes, status: bytes, text: bytes) -> str:
    """Why a delivery is not mail to another host, in a word; empty where it is.

    A content filter takes a mail at a loopback address or a socket and gives it back under a new queue id, so that the
    same mail is delivered twice in the log.
    """
    if status.startswith(PROBES):
        return "probe"
    if agent in AGENTS:
        return agent.decode()
    if agent in SUSPENDERS:
        return "own-address" if text.startswith(OWN_ADDRESS) else _place(text)
    if agent in CLIENTS:
        return _place(text if relay == b"none" else relay)
    return "other-agent"


def _place(place: bytes) -> str:
    """`loopback` or `socket` where the host that `place` names (or a text says it could not reach) is one."""
    start = place.find(b"[")
    if start < 0:
        return ""
    if place.startswith(LOOPBACK, start):
        return "loopback"
    return "socket" if place.startswith(SOCKET, start) else ""


def reply(text: bytes, dsn: bytes | None) -> tuple[bytes, bytes]:
    """The reply code and the enhanced code of a receiver who did not take a mail, each empty where there is none.

    A receiver's text may say another enhanced code than `dsn=` (`552 4.2.2 mailbox full` beside `dsn=5.0.0`, which is
    Postfix's stand-in where the classes differ): the text's own counts.
    """
    said = SAID.search(text)
    if said is None:
        return b"", dsn or b""
    return said[1], said[2] or dsn or b""

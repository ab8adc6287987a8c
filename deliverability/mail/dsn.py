"""Delivery status notifications: the fields of RFC 3464, with the liberties that senders of them take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from deliverability.mail.addresses import MAX_ADDRESS, typed_address

MAX_RECIPIENTS = 1000
"""Ours: recipients of one report that are read; RFC 5321 §4.5.3.1.8 has servers take a hundred at a time."""

MAX_LINES = 20_000
"""Ours: lines of one report that are read."""

MAX_REPORT = 1 << 19
"""Ours: characters of one report that are read."""

MAX_VALUE = 4000
"""Ours: characters of one field that are kept."""

DELAYED, FAILED = "delayed", "failed"

ARRIVED = frozenset({"delivered", "relayed", "expanded"})
"""RFC 3464 §2.3.3: actions that report no failure."""

FINAL = re.compile(r"(?mi)^[ \t>]*(?:final|original)-recipient[ \t]*:")
"""The field that says that a text is a report, whatever its part is called."""

Group = dict[str, str]
"""Field name in lower case → value, of one recipient."""


class Report(NamedTuple):
    """What a report says of one recipient.

    Attributes:
        recipient: The address as the sender wrote it where the report says that, else as it was at last.
        final_recipient: The address as it was at last, after aliases.
        action: failed or delayed; delivered, relayed, expanded.
        status: The enhanced status code, or None.
        diagnostic: The reply or error text, without its type.
        remote_mta: The host that refused, or None.
    """

    recipient: str
    final_recipient: str
    action: str
    status: str | None
    diagnostic: str
    remote_mta: str | None


def reports(text: str) -> list[Report]:
    """Each recipient's report in the body of a delivery-status part (or in any text that holds such fields)."""
    found: list[Report] = []
    for group in groups(text):
        if "final-recipient" in group or "original-recipient" in group or "action" in group:
            found.append(_report(group))
            if len(found) == MAX_RECIPIENTS:
                break
    return found


_FIELD = re.compile(r"[>\s]*([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:[ \t]*(.*)")
_OF_RECIPIENT = frozenset({"final-recipient", "original-recipient", "action", "status"})


def groups(text: str) -> list[Group]:
    """The groups of fields, one a recipient.

    RFC 3464 §2.1: groups are set apart by an empty line. Some write none (a field that comes again begins the next
    group) and some write one within a group (a piece that names no recipient belongs to the one before it).
    """
    made: list[Group] = []
    for block in _EMPTY.split(text[:MAX_REPORT], maxsplit=4 * MAX_RECIPIENTS):
        for group in _of_block(block):
            last = made[-1] if made else None
            if last is not None and _goes_on(last, group):
                made[-1] = {**group, **last}
            elif group:
                made.append(group)
        if len(made) > MAX_RECIPIENTS:
            break
    return made


_EMPTY = re.compile(r"\n[ \t]{0,80}\n")


def _goes_on(last: Group, group: Group) -> bool:
    names = _OF_RECIPIENT.intersection(group)
    named = "final-recipient" in group or "original-recipient" in group
    if not named:
        return "reporting-mta" not in group and bool(_OF_RECIPIENT.intersection(last)) and names.isdisjoint(last)
    return "reporting-mta" not in last and not ("final-recipient" in last or "original-recipient" in last)


def _of_block(block: str) -> Iterator[Group]:
    group: Group = {}
    name = ""
    for line in _outdented(block.split("\n", MAX_LINES)[:MAX_LINES]):
        match = None if line[:1] in {" ", "\t"} and name else _FIELD.match(line)
        if match is None:
            # RFC 5322 §2.2.3 has a line that goes on begin with white space; not all who fold know that
            if name and line.strip() and len(group[name]) < MAX_VALUE:
                group[name] += " " + line.strip()
            continue
        name = match[1].lower()
        if name in group and name in _OF_RECIPIENT:
            yield group
            group = {}
        if name in group:
            group[name] += " " + match[2].strip()
        else:
            group[name] = match[2].strip()
    yield group


def _outdented(lines: list[str]) -> list[str]:
    """The lines without the white space before the first, where all of a block is set in."""
    first = lines[0]
    inset = first[: len(first) - len(first.lstrip(" \t"))]
    return [line.removeprefix(inset) for line in lines] if inset else lines


_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")


def _report(group: Group) -> Report:
    final, original = (typed_address(group.get(f"{which}-recipient", "")) for which in ("final", "original"))
    status = _STATUS.search(group.get("status", ""))
    return Report(
        # RFC 3464 §2.3.1: the address that the sender used, if known; it is the one on the sender's list
        recipient=original or final or _bare(group.get("final-recipient", "")),
        final_recipient=final or original,
        action=_action(group.get("action", ""), status[1] if status else "", group),
        status=status[0] if status else None,
        diagnostic=_diagnostic(group),
        remote_mta=_host(group.get("remote-mta", "")),
    )


def _bare(value: str) -> str:
    """A recipient that is no mail address (RFC 3464 §2.3.2 knows other types), as it is written."""
    return value.rpartition(";")[2].strip().strip("<>")[:MAX_ADDRESS]


def _action(value: str, status_class: str, group: Group) -> str:
    """RFC 3464 §2.3.3, in any case and with comments; where it is missing, the status' class says it."""
    word = value.strip().lower()[:12]
    for action, stems in (
        (FAILED, ("fail", "bounce", "error", "undeliver", "reject")),
        (DELAYED, ("delay", "defer", "temp")),
        ("delivered", ("deliver", "success")),
        ("relayed", ("relay",)),
        ("expanded", ("expand",)),
    ):
        if word.startswith(stems):
            return action
    if status_class == "2":
        return "delivered"
    return DELAYED if "will-retry-until" in group else FAILED


_TYPED = re.compile(r"\s*(?:smtp|esmtp|lmtp|dns|unix|x-[\w-]{1,40}|[\w-]{1,20})\s*;\s*", re.IGNORECASE)


_OF_STATUS = re.compile(r"^[45]\.\d{1,3}\.\d{1,3} - [A-Za-z/ ]{3,60} '?(?=[45]\d\d[ -])")
"""IronPort writes the name of the status before what the other server said."""


def _diagnostic(group: Group) -> str:
    """RFC 3464 §2.3.6: `type; text`. Exchange and Notes say more in a field of their own."""
    texts = [group.get(name, "") for name in ("diagnostic-code", "x-supplementary-info", "x-exchange-supplementary")]
    value = " ".join(_TYPED.sub("", text, count=1) if _TYPED.match(text) else text for text in texts if text)
    return _OF_STATUS.sub("", value[:MAX_VALUE].strip())


def _host(value: str) -> str | None:
    host = value.rpartition(";")[2].strip().partition(" ")[0].strip("<>()[],.").lower()
    return host[:255] or None

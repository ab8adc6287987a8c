"""What is wrong with a message octet by octet: line ends, line lengths, NULs, octets that are not ASCII."""

from __future__ import annotations

from deliverability.mail.message.bounds import Cut
from deliverability.mail.message.facts import Fault
from deliverability.mail.message.header import Field, Header
from deliverability.mail.message.safe import shown

MAX_LINE = 998
"""RFC 5322 §2.1.1: octets of a line, its end left out."""


def faults_of(cut: Cut, header: Header) -> list[Fault]:
    """The faults of the octets."""
    raw = cut.raw
    found: list[Fault] = []
    if cut.line_ends == "mixed":
        crlf = raw.count(b"\r\n")
        # RFC 5322 §2.3: CR and LF MUST only occur together
        found += _counted("bare_cr", raw.count(b"\r") - crlf)
        found += _counted("bare_lf", raw.count(b"\n") - crlf)
    found += _counted("nul", raw.count(b"\0"))  # RFC 5322 §4.1: NUL is obsolete, and refused by many
    long = [len(line) for line in raw.replace(b"\r", b"\n").split(b"\n") if len(line) > MAX_LINE]
    if long:
        found.append(Fault(code="long_line", text=str(max(long)), count=len(long)))
    found += [_octets_of(field) for field in header.fields if not field.value.isascii()][:20]
    return found + _of_header(header)


def _octets_of(field: Field) -> Fault:
    """A field with octets beyond ASCII: UTF-8 where only servers with SMTPUTF8 take it (RFC 6532 §3), or nothing."""
    try:
        field.value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return Fault(code="header_8bit", where=shown(field.name, 60))
    return Fault(code="header_utf8", where=shown(field.name, 60))


def _counted(code: str, count: int) -> list[Fault]:
    return [Fault(code=code, count=count)] if count else []


def _of_header(header: Header) -> list[Fault]:
    found: list[Fault] = []
    if not header.fields:
        found.append(Fault(code="no_header"))
    if header.folded_first:
        found.append(Fault(code="folded_first"))
    if header.strays:
        found.append(Fault(code="stray_line", text=_frame(header.strays[0]), count=len(header.strays)))
    if not header.separated and header.fields and not header.strays:
        found.append(Fault(code="no_separator"))
    elif not header.separated and header.fields:
        found.append(Fault(code="no_separator", text=_frame(header.strays[-1])))
    return found


def _frame(line: str) -> str:
    """The beginning of a line that is no field: its first word, for the rest can be anybody's text."""
    first, _, rest = line.partition(" ")
    return shown(first, 40) + (" …" if rest else "")

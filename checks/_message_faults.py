"""The words for what can be wrong with a message's form: a line for each fault that is read."""

from __future__ import annotations

from typing import NamedTuple

from deliverability.findings import Severity


class Words(NamedTuple):
    """A fault's severity, what it is about, its statement, and what to do. Both may name `{count}` and `{text}`."""

    severity: Severity
    about: str
    title: str
    fix: str


_CRITICAL, _HIGH, _MEDIUM, _LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW

FAULTS: dict[str, Words] = {
    # RFC 5322 §2.1, §2.2: lines of a header, an empty line, a body
    "no_header": Words(_CRITICAL, "header", "The message has no header", "Send header fields before the body."),
    "no_separator": Words(
        _HIGH,
        "header end",
        "No empty line stands between header and body",
        "End the header with an empty line; look for a value that holds a line end of its own.",
    ),
    "folded_first": Words(
        _HIGH, "first line", "The first line begins with white space", "Begin the header with a field's name."
    ),
    "stray_line": Words(
        _HIGH,
        "header lines",
        "{count} {count:line|lines} of the header {count:is|are} no field ({text})",
        "Take line ends out of the values of header fields, or begin what follows one with a space.",
    ),
    # RFC 5322 §2.1.1, §2.3, §4.1: what stands in a line, and how it ends
    "long_line": Words(
        _HIGH,
        "line length",
        "{count} {count:line is|lines are} longer than 998 octets, the longest {text}",
        "Encode the part as quoted-printable or base64; servers break such lines, and signatures with them.",
    ),
    "bare_cr": Words(
        _HIGH,
        "carriage returns",
        "{count} carriage {count:return stands|returns stand} without a line feed",
        "End every line with CR and LF together.",
    ),
    "bare_lf": Words(
        _HIGH,
        "line feeds",
        "{count} line {count:feed stands|feeds stand} without a carriage return, beside lines that have both",
        "End all lines alike, with CR and LF; servers that guard against smuggling refuse the mixture.",
    ),
    "nul": Words(
        _HIGH, "NUL octets", "{count} NUL {count:octet|octets}", "Encode binary content as base64; NUL may not be sent."
    ),
    "header_8bit": Words(
        _MEDIUM,
        "octets of the header",
        "A header field has octets that are neither ASCII nor an encoded word",
        "Encode them by RFC 2047 (=?utf-8?…?=), which every library for mail does.",
    ),
    "header_utf8": Words(
        _LOW,
        "octets of the header",
        "A header field has UTF-8 as it is: only servers with SMTPUTF8 take that",
        "Encode it by RFC 2047 (=?utf-8?…?=); then every server takes the message.",
    ),
    "encoded_word": Words(
        _LOW,
        "encoded words",
        "An encoded word is broken, and is shown as it stands",
        "Let a library encode the whole value; spaces and line ends may not stand inside an encoded word.",
    ),
    # RFC 2045 §4-6, RFC 2046 §5.1: MIME
    "no_mime_version": Words(
        _LOW, "MIME-Version", "A message of several parts has no MIME-Version", "Add MIME-Version: 1.0."
    ),
    "no_boundary": Words(
        _HIGH, "boundary", "A multipart names no boundary", "Name the boundary in the part's Content-Type."
    ),
    "boundary_not_found": Words(
        _HIGH,
        "boundary",
        "The boundary that a multipart names is not in the message",
        "Write the boundary before each part as Content-Type names it.",
    ),
    "no_end_boundary": Words(
        _MEDIUM,
        "end boundary",
        "A multipart has no end boundary: it may have been cut off",
        "End the last part with --boundary--.",
    ),
    "multipart_encoding": Words(
        _MEDIUM,
        "multipart encoding",
        "A multipart has a transfer encoding, which only its parts may have",
        "Take Content-Transfer-Encoding away from the multipart, or set it to 7bit or 8bit.",
    ),
    "unknown_encoding": Words(
        _HIGH,
        "transfer encoding",
        "A part has the transfer encoding {text}, which there is not",
        "Use quoted-printable or base64.",
    ),
    "undeclared_8bit": Words(
        _MEDIUM,
        "8-bit content",
        "A part has 8-bit octets and says that it has none",
        "Declare Content-Transfer-Encoding: 8bit, or encode the part.",
    ),
    "base64": Words(
        _MEDIUM,
        "base64",
        "The base64 of a part is damaged",
        "Encode the part anew; look for what changes it on the way.",
    ),
    "quoted_printable": Words(
        _MEDIUM,
        "quoted-printable",
        "The quoted-printable of a part has {count} {count:= that stands|= that stand} for nothing",
        "Encode = itself as =3D, or let a library encode the part.",
    ),
    "unknown_charset": Words(
        _MEDIUM, "charset", "The charset of a part is unknown ({text})", "Declare charset=utf-8, and write UTF-8."
    ),
    "no_charset": Words(
        _MEDIUM,
        "charset",
        "A part declares no charset and has more than ASCII",
        "Declare charset=utf-8 in the part's Content-Type, and write UTF-8.",
    ),
    "charset_mismatch": Words(
        _MEDIUM,
        "charset",
        "A part is not in the charset that it declares ({text})",
        "Declare the charset that the text is written in.",
    ),
    "misplaced_from": Words(
        _MEDIUM,
        "From line",
        "A line of an mbox (From without a colon) stands inside the header",
        "Remove the line; it belongs between the messages of a file.",
    ),
    "unparsable": Words(
        _HIGH,
        "structure",
        "The parts of the message could not be told apart",
        "Build the message with a library for mail.",
    ),
    "unsubscribe_brackets": Words(
        _MEDIUM,
        "List-Unsubscribe",
        "List-Unsubscribe has no address in angle brackets",
        "Write each address of List-Unsubscribe in angle brackets.",
    ),
    "unsubscribe_rest": Words(
        _LOW,
        "List-Unsubscribe",
        "List-Unsubscribe has text outside the angle brackets",
        "Leave only addresses in angle brackets, separated by commas.",
    ),
}

FIELDS: dict[str, Words] = {
    "repeated": Words(
        _CRITICAL,
        "",
        "{field} is there {count} times",
        "Leave one {field} field; look for two programs that each add it.",
    ),
    "no_date": Words(
        _HIGH, "Date", "The message has no Date field", "Have the program that makes the message set Date."
    ),
    "date_syntax": Words(
        _MEDIUM,
        "Date",
        "Date is not written as the standard has it",
        "Write it as in Sun, 22 Nov 2026 09:00:00 +0000, in English on every machine.",
    ),
    "date_range": Words(_MEDIUM, "Date", "Date names a day or an hour that there is not", "Take it from a clock."),
    "date_weekday": Words(
        _LOW, "Date", "Date names another day of the week than its date is", "Derive the day of the week from the date."
    ),
    "date_zone": Words(
        _LOW, "Date", "Date has an obsolete time zone, or none", "Write the time zone as +hhmm or -hhmm."
    ),
    "date_year": Words(_LOW, "Date", "Date has a year of less than four digits", "Write the year with four digits."),
    "no_message_id": Words(
        _HIGH,
        "Message-ID",
        "The message has no Message-ID",
        "Set one, new for each message: <unique@your.domain>.",
    ),
    "message_id_brackets": Words(
        _MEDIUM, "Message-ID", "Message-ID has no angle brackets", "Put the identifier into angle brackets."
    ),
    "message_id_at": Words(
        _MEDIUM, "Message-ID", "Message-ID has no @", "Put an @ and a domain of the sender behind the unique part."
    ),
    "message_id_syntax": Words(
        _LOW,
        "Message-ID",
        "Message-ID has characters that it may not have",
        "Make it of letters, digits, dots and hyphens, with one @.",
    ),
}

ONCE = (
    *("date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject"),
    *("mime-version", "content-type", "content-transfer-encoding"),
)
"""Fields that may be there once: RFC 5322 §3.6; RFC 2045 §4 and its grammar of MIME fields."""

MENDED = frozenset({"in-reply-to", "references", "mime-version", "content-type", "content-transfer-encoding"})
"""Those of them of which receivers read the first or the last and refuse nothing: Gmail's refusal of repeated fields
names From, To, Cc, Subject, Date, Message-ID and the like."""

TITLES = {code: words.title for code, words in {**FAULTS, **FIELDS}.items()}
FIXES = {code: words.fix for code, words in {**FAULTS, **FIELDS}.items()}

"""Header text with its encoded words undone (RFC 2047)."""

from __future__ import annotations

import re

from deliverability.mail.parts import Part, text_of

_WORD = re.compile(r"=\?([\w.:-]{1,40})(?:\*[\w-]{0,20})?\?([BbQq])\?([^?\s]{0,2000})\?=")
_BETWEEN = re.compile(r"(\?=)\s+(?==\?)")


def decoded(value: str) -> str:
    """A header value as people read it; what is no encoded word is UTF-8 or Western text.

    Args:
        value: The unfolded value, one character per octet.
    """
    if "=?" not in value:
        return value if value.isascii() else text_of(Part("text/plain", {}, value))
    # RFC 2047 §6.2: white space between two encoded words is not shown
    return _WORD.sub(_word, _BETWEEN.sub(r"\1", value))


def _word(match: re.Match[str]) -> str:
    encoding = "base64" if match[2] in {"B", "b"} else "quoted-printable"
    body = match[3] if encoding == "base64" else match[3].replace("_", " ")
    headers = {"content-type": f"text/plain; charset={match[1]}", "content-transfer-encoding": encoding}
    return text_of(Part("text/plain", headers, body))

"""The codes in what a server said: the SMTP reply code and the enhanced status code."""

from __future__ import annotations

import re

_BOTH = re.compile(r"(?<![\d.])([45]\d\d)[ \-#:,(]{1,4}#?([45]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
"""`550 5.1.1`, `550-5.7.26`, `550 #5.1.0`: the two as servers write them."""

_STATUS = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.]*\d|\.\w)")

_REPLY = re.compile(
    r"(?<![\d.,\[/#$\w-])([45][0-5]\d)(?=[ \-:;,)<.]|$)"
    r"(?!\.\d|[ ]?(?:seconds|secs|hours|minutes|days|bytes|[kKM]B|lines|[ap]m)\b)"
)
_AT_START = re.compile(r"^\W{0,10}([45][0-5]\d|571)\b(?!\.\d)")

_VAGUE = re.compile(r"[45]\.0\.0$")


def codes(words: str, status: str | None) -> tuple[int | None, str | None]:
    """The reply code and the enhanced status code of a refusal.

    Args:
        words: What the server said, with whatever stands around it.
        status: The Status field of the report, or None.

    Returns:
        (reply code, status). RFC 3463 §3.1: x.0.0 says nothing more than its class, so a status in the words that says
        more is taken instead.
    """
    both = _BOTH.search(words)
    start = _AT_START.match(words)
    reply = start or both or _REPLY.search(words)
    if status is None or _VAGUE.search(status):
        said = both[2] if both else None
        if said is None and (found := _STATUS.search(words)):
            said = found[1]
        if said is not None and (status is None or not _VAGUE.search(said)):
            status = said
    return (int(reply[1]) if reply else None), status

"""Text of strangers inside Markdown as code hosts read it: no markup, no link, no mention, no picture, no new cell.

Escaping is not enough. Hosts look for mentions, issues, commits, addresses and emoji in the text that Markdown has
become, backslashes and entities undone; what stands in code they leave alone. So a word in which anything of that kind
could be found is written as code. Sources: GitHub Flavored Markdown Spec 0.29 §6.9 (autolinks); GitHub's documentation,
"Autolinked references and URLs" and "Writing mathematical expressions"; GitLab's, "GitLab Flavored Markdown" (all read
2026-11-22).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from deliverability.reports.words import shown

_WORD = re.compile(r"(?:[A-Za-z0-9_.,;:'\"()/=?+*%-]|[^\x00-\x7f])*")
"""Characters of which none begins markup that an escape of `*` and `_` does not end; no markup is beyond ASCII."""
_FOUND = re.compile(r"://|www\.|mailto:|:\w+:|\bGH-\d|%[\w\"]|\b[0-9a-f]{7,40}\b", re.IGNORECASE)
"""What hosts make something of although it is made of such characters."""
_OPENS = re.compile(r"[-+*=:>#].*|\d+[.)].*")
"""Words with which a line would be an item, a heading or a rule."""
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_TICKS = re.compile(r"`+")


def prose(text: str) -> str:
    """`text` on one line, to be read as it is, in a paragraph, an item or a cell.

    What stands between two single backticks is code, as in the titles of checks.
    """
    out = ""
    for place, piece in enumerate(_SPAN.split(shown(text).strip())):
        made = code(piece) if place % 2 else _words(piece, opens=not place)
        # two spans of code that touch would be one
        out += f" {made}" if out.endswith("`") and made.startswith("`") else made
    return out


def _words(text: str, *, opens: bool) -> str:
    return " ".join(_word(word, opens=opens and place == 0) for place, word in enumerate(text.split(" ")))


def _word(word: str, *, opens: bool) -> str:
    if not _WORD.fullmatch(word) or _FOUND.search(word) or (opens and _OPENS.fullmatch(word)):
        return code(word)
    return word.replace("*", r"\*").replace("_", r"\_")


def code(text: str) -> str:
    """`text` on one line as code; a dash where there is none. What would end a cell is written as an escape."""
    # GFM §4.10: a bar ends a cell in code too, and whether a backslash before it helps depends on those before that
    safe = shown(text).replace("|", r"\x7c")
    if not safe.strip():
        return "–"
    fence = "`" * (max((len(run) for run in _TICKS.findall(safe)), default=0) + 1)
    # a space beside each fence is taken away again, which keeps one of the text's own and lets it begin with a tick
    pad = " " if safe[0] in "` " or safe[-1] in "` " else ""
    return f"{fence}{pad}{safe}{pad}{fence}"


def fenced(lines: Iterable[str]) -> list[str]:
    """`lines` as a block of code."""
    safe = [shown(line) for line in lines]
    longest = max((len(run) for line in safe for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, *safe, fence]

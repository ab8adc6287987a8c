"""The catalogues of reports/locale: what reports say is gathered from their source, what was translated is compiled.

`page.po` is kept by `make generate`: its ids are those that stand in the code, its translations are its own.
`prose.po`, `notes.po` and `checks.po` are written by hand. All of them make one `deliv.mo`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import normalize, read_po

from deliverability.reports.language import TEMPLATES
from support.shared import ROOT

LANGUAGE = "ko"
FOLDER = f"reports/locale/{LANGUAGE}"
PAGE = f"{FOLDER}/page.po"
PROSE = (f"{FOLDER}/prose.po", f"{FOLDER}/notes.po")
"""What an audit says in its document: templates, by which `reports.prose` recognises a text."""
CHECKS = f"{FOLDER}/checks.po"
COMPILED = f"{FOLDER}/LC_MESSAGES/deliv.mo"

KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "counted": (2, 3)}
"""Function → which of its arguments are ids: the first, or singular and plural."""
MADE = datetime(2026, 1, 1, tzinfo=UTC)
"""The date in a compiled catalogue: the same translations give the same bytes."""

Id = str | tuple[str, str]


def read(path: str) -> Catalog:
    """The catalogue in the file `path` of this checkout; an empty one where there is none."""
    file = ROOT / path
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return read_po(io.StringIO(text), locale=LANGUAGE, abort_invalid=True)


def entries(catalogue: Catalog) -> Iterator[Message]:
    """Its messages without its header."""
    return (message for message in catalogue if message.id)


def gathered() -> dict[Id, list[str]]:
    """Every id in the source of reports → the files it stands in, in the order in which they are read."""
    found: dict[Id, list[str]] = {}
    shown = (ROOT / "reports").rglob("*.html")
    for path in sorted([*(ROOT / "reports").rglob("*.py"), *shown, ROOT / "deliverability/cli/demo.py"]):
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
        options = {} if path.suffix == ".py" else {"trimmed": "true", "silent": "false"}
        with path.open("rb") as file:
            for _, message, _, _ in extract(method, file, keywords=KEYWORDS, options=options):
                id_ = (message[0], message[1]) if isinstance(message, tuple) else message
                places = found.setdefault(id_, [])
                if id_ and path.name not in places:
                    places.append(path.name)
    found.pop("", None)
    return found


def page(text: str) -> str:
    """page.po with the ids that the source has now; `text` is what it was, whose head and translations stay."""
    head = text.partition("\n\n")[0]
    known = {message.id: message for message in entries(read_po(io.StringIO(text), locale=LANGUAGE))}
    parts = [head]
    for id_, places in gathered().items():
        parts.append(_entry(id_, places, known.get(id_) or known.get(id_[0] if isinstance(id_, tuple) else "")))
    return "\n\n".join(parts) + "\n"


def _entry(id_: Id, places: list[str], known: Message | None) -> str:
    said = known.string if known else ""
    one = (said[0] if isinstance(said, list | tuple) else said) or ""
    lines = [f"#: {' '.join(places)}", *(["#, fuzzy"] if known and known.fuzzy else [])]
    if isinstance(id_, tuple):
        lines += [f"msgid {_quoted(id_[0])}", f"msgid_plural {_quoted(id_[1])}", f"msgstr[0] {_quoted(one)}"]
    else:
        lines += [f"msgid {_quoted(id_)}", f"msgstr {_quoted(one)}"]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return normalize(text, width=0)


def unfinished() -> list[str]:
    """Ids of any source without a translation, or with one that is marked as doubtful, each with its file."""
    return [
        f"{path}: {message.id}"
        for path in (PAGE, *PROSE, CHECKS)
        for message in entries(read(path))
        if message.fuzzy or not (all(message.string) if isinstance(message.string, list | tuple) else message.string)
    ]


def compiled() -> bytes:
    """deliv.mo: all sources in one; the first that has an id says it. One more entry lists the templates of prose."""
    whole = Catalog(locale=LANGUAGE, project="deliv", version="1", creation_date=MADE, revision_date=MADE)
    templates: list[str] = []
    for path in (PAGE, *PROSE, CHECKS):
        for message in entries(read(path)):
            if message.id not in whole:
                whole.add(message.id, message.string, flags=message.flags)
            if path in PROSE:
                templates.append(str(message.id))
    whole.add(TEMPLATES, "\n".join(templates))
    out = io.BytesIO()
    write_mo(out, whole)
    return out.getvalue()

"""The page: one file without script or request, made from the audit document alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Check
from deliverability.diff import AuditDiff, Change, diff
from deliverability.document import Audit
from deliverability.findings import Finding
from deliverability.names import to_unicode
from deliverability.reports import asked, spf_tree, view, words
from deliverability.reports.arrange import by_settle, counts, find, grouped, the_next
from deliverability.reports.catalogue import MANUAL
from deliverability.reports.diff import KINDS
from deliverability.reports.mail import mail
from deliverability.reports.senders import senders, tls

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE = "audit.html"
PARTS = "finding.html"
STYLE = "audit.css"


def render_html(audit: Audit, *, previous: Audit | None = None, manual: Mapping[str, Check] = MANUAL) -> str:
    """The whole page of one audit, the same bytes for the same audit; `previous` adds what changed since.

    Every text of the document is hostile: it is escaped, its unseen characters are spelled out, and none becomes an
    address. `manual` says why a check matters, by its id; a check that this version does not know has no such text.
    """
    environment = _environment()
    return environment.get_template(PAGE).render(
        audit=audit,
        groups=grouped(audit.findings),
        next=the_next(audit),
        mail=mail(audit),
        senders=senders(audit),
        tls=tls(audit),
        find=partial(find, audit),
        anchor=partial(_anchor, view.anchors(audit.findings)),
        manual=manual,
        changes=_changes(diff(previous, audit)) if previous else None,
        previous=previous,
        policy=_policy(environment),
    )


def _changes(changes: AuditDiff) -> list[tuple[str, tuple[Change, ...]]]:
    return [(title, members) for kind, title in KINDS.items() if (members := getattr(changes, kind))]


def _anchor(anchors: Mapping[int, str], finding: Finding) -> str:
    return anchors[id(finding)]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - 80 ms that only a page needs

    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    tools: dict[str, Any] = {
        "asked": asked,
        "spf_tree": spf_tree,
        "view": view,
        "words": words,
        "by_settle": by_settle,
        "counts": counts,
        "to_unicode": to_unicode,
    }
    environment.globals.update(tools)
    environment.filters.update({"inline": _inline, "prose": _prose})
    return environment


def _template(name: str) -> str:
    return files("deliverability.reports").joinpath(name).read_text(encoding="utf-8")


def _finalized(value: object) -> object:
    """What every `{{ … }}` passes through before it is escaped: no unseen character leaves any of them."""
    if not isinstance(value, str) or value.isprintable() or hasattr(value, "__html__"):
        return value  # markup is made of pieces that came through here
    return words.shown(value)


def _inline(text: str) -> str:
    """Words of ours with what stands between backticks set as code."""
    parts = text.split("`")
    if len(parts) == 1 or len(parts) % 2 == 0:
        return text
    drawn: str = getattr(_environment().get_template(PARTS).module, "coded")(parts)  # noqa: B009 - a macro of its own
    return drawn


def _prose(text: str) -> str:
    """The same as a sentence of its own."""
    return _inline(words.sentence(text))


@lru_cache(maxsize=1)
def _policy(environment: Environment) -> str:
    """The content security policy: nothing but this very style sheet."""
    style = environment.get_template(STYLE).render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"

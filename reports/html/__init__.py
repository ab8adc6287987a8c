"""The page: one file without script or request, made from the audit document alone."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Check
from deliverability.document import Audit
from deliverability.findings import Finding
from deliverability.names import to_unicode
from deliverability.reports import spf_tree, words
from deliverability.reports.arrange import by_settle, counts, grouped
from deliverability.reports.catalogue import MANUAL
from deliverability.reports.charts.svg import Markup, escaped
from deliverability.reports.html import asked, glossary, overview, records, view
from deliverability.reports.html.affected import affected, plane
from deliverability.reports.html.changes import changes
from deliverability.reports.html.comparison_view import comparison_box
from deliverability.reports.html.next_fix import idle, next_fix
from deliverability.reports.html.page_charts import charts
from deliverability.reports.html.path import hops
from deliverability.reports.html.trust import trust
from deliverability.reports.language import _, language, ngettext
from deliverability.reports.mail import mail
from deliverability.reports.prose import prose
from deliverability.reports.senders import senders, tls
from deliverability.reports.spoken import spoken, spoken_check

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE = "audit.html"
PARTS = "finding.html"
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]{0,22}[a-z]\b", re.ASCII)
"""An option of the command line in running words; no line may break after its dashes. In Korean a particle follows."""
_KEPT = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b|[0-9][0-9.,]{0,20} %", re.ASCII)
"""What no line may break: a date, and a number with its %."""
STYLES = ("audit.css", "chart.css", "print.css")


def render_html(
    audit: Audit,
    *,
    previous: Audit | None = None,
    comparison: object = None,
    summary: bool = False,
    index: str = "",
    manual: Mapping[str, Check] = MANUAL,
) -> str:
    """The whole page of one audit, the same bytes for the same audit.

    Every text of the document is hostile: it is escaped, its unseen characters are spelled out, and none becomes an
    address.

    Args:
        audit: the document.
        previous: an earlier audit of the domain; adds what changed since.
        comparison: a document `deliv.comparison/1` in JSON's own types, in the place of the audit's own.
        summary: only what fits on one printed page: the verdict, the next best fix, what changed.
        index: the address of a list that the page belongs to, from where the page stands; ours, and of no document.
        manual: says why a check matters, by its id; a check that this version does not know has no such text.
    """
    environment = _environment()
    audit, previous = spoken(audit), previous and spoken(previous)
    groups = grouped(audit.findings)
    box = comparison_box(audit.comparison if comparison is None else comparison)
    way, harmed = hops(audit.findings), affected(audit)
    return environment.get_template(PAGE).render(
        audit=audit,
        domain=audit.subject.domain,
        unicode=to_unicode(audit.subject.domain),
        summary=summary,
        index=index,
        groups=groups,
        clumps=overview.clumps(groups),
        next=next_fix(audit),
        idle=idle(audit),
        affected=harmed,
        changes=changes(previous, audit, brief=summary) if previous else None,
        box=box,
        charts=charts(audit.facts, box, plane(audit.findings, harmed.providers if harmed else ()), way),
        mail=mail(audit),
        hops=way,
        trust=trust(audit),
        senders=senders(audit),
        tls=tls(audit),
        anchor=partial(_anchor, view.anchors(audit.findings)),
        whys=partial(_why, manual),
        policy=_policy(environment),
    )


def render_template(name: str, **values: object) -> str:
    """Another page of ours, in the same dress and under the same policy: the template `name`, filled with `values`."""
    environment = _environment()
    return environment.get_template(name).render(policy=_policy(environment), **values)


def _anchor(anchors: Mapping[int, str], finding: Finding) -> str:
    return anchors[id(finding)]


def _why(manual: Mapping[str, Check], check: str) -> str:
    """Why a check matters; empty where this version does not know it."""
    return spoken_check(manual[check]).why if check in manual else ""


def keep_templates() -> None:
    """Compile every template once, so that the first page need not; `requirements/install.sh` does so."""
    environment = _environment()
    for entry in files("deliverability.reports.html").iterdir():
        if entry.name.endswith((".html", ".css")):
            environment.get_template(entry.name)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - 80 ms that only a page needs

    from deliverability.reports.html.kept import Kept  # noqa: PLC0415 - with jinja2

    environment = Environment(
        bytecode_cache=Kept(),
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        optimized=False,  # folding constants costs more than it saves: each template is compiled for one page
    )
    tools: dict[str, Any] = {
        "_": _,
        "ngettext": ngettext,
        "language": language,
        "styles": STYLES,
        "asked": asked,
        "glossary": glossary,
        "overview": overview,
        "records": records,
        "spf_tree": spf_tree,
        "view": view,
        "words": words,
        "by_settle": by_settle,
        "counts": counts,
    }
    environment.globals.update(tools)
    environment.filters.update({"kept": _kept, "inline": _inline, "prose": _prose, "fill": _filled})
    return environment


def _template(name: str) -> str:
    return files("deliverability.reports.html").joinpath(name).read_text(encoding="utf-8")


def _finalized(value: object) -> object:
    """What every `{{ … }}` passes through before it is escaped: no unseen character leaves any of them."""
    if not isinstance(value, str) or value.isprintable() or hasattr(value, "__html__"):
        return value  # markup is made of pieces that came through here
    return words.shown(value)


def _inline(text: str) -> str:
    """Words of ours in the language that is spoken, with what stands between backticks set as code."""
    return _coded(prose(text))


def _prose(text: str) -> str:
    """The same as a sentence of its own."""
    return _coded(words.sentence(prose(text)))


def _coded(text: str) -> str:
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _kept(text)
    marked = (part if index % 2 else _OPTION.sub(r"`\g<0>`", part) for index, part in enumerate(parts))
    parts = "`".join(marked).split("`")
    if len(parts) == 1:
        return _kept(text)
    drawn: str = getattr(_environment().get_template(PARTS).module, "coded")(parts)  # noqa: B009 - a macro of its own
    return drawn


def _kept(text: str) -> str:
    """A text whose dates and shares keep to one line each."""
    return Markup(_KEPT.sub(r'<span class="kept">\g<0></span>', _escaped(text))) if _KEPT.search(text) else text


def _filled(text: str, **values: object) -> str:
    """A sentence of ours with its placeholders filled, by words or by markup of a macro's."""
    return Markup(escaped(text).format(**{name: _escaped(value) for name, value in values.items()}))


def _escaped(value: object) -> str:
    """A value as markup: what is none already is spelled out and escaped."""
    return str(value) if hasattr(value, "__html__") else escaped(str(_finalized(value)))


@lru_cache(maxsize=1)
def _policy(environment: Environment) -> str:
    """The content security policy: nothing but this very style sheet."""
    style = "".join(environment.get_template(name).render() for name in STYLES)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"

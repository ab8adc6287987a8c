"""Files made from code, so that nothing is written down twice: `make generate` writes them, `make lint` compares.

`python tests/generated.py --picture` takes the README's picture anew. It needs Chromium and looks a little different
with every machine's fonts, so nothing compares it.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from click.testing import CliRunner

from deliverability import api, demo
from deliverability.checks import CHECKS
from deliverability.cli import root
from deliverability.comparison import Wanted, compare
from deliverability.document import Audit
from deliverability.gate.decide import decide
from deliverability.policy.model import Need
from deliverability.rates import Asked
from deliverability.reports import gate as gate_report
from deliverability.reports import terminal
from deliverability.reports.comparison import render
from support import catalogues, chromium
from support.shared import ROOT

CLOCK = datetime(2026, 11, 21, 9, tzinfo=UTC)
WIDTH = 100
"""Columns of what the README shows of a terminal."""
PICTURE = "examples/audit.png"
PICTURE_SIZE = (1280, 1400)
"""CSS pixels: a desktop's width, and as much of the top of the page."""


def report() -> str:
    """Of the demo's first report the verdict, the next best fix, the figures, the two worst findings and the count.

    The answers come straight from its zone files: without packets nothing can be lost on a busy machine.
    """
    *blocks, count = terminal.render([_sample()], width=WIDTH, color=False).split("\n\n")
    return _fenced("\n\n".join([*blocks[:7], "…", count]))


@cache
def _sample() -> Audit:
    """The demo's first audit."""
    _, inputs, _ = demo.given_to(demo.BEFORE, CLOCK)
    [audit] = api.audit(
        demo.DOMAIN,
        resolver=demo.zones(demo.BEFORE),
        selectors=demo.BEFORE.selectors,
        ips=[demo.SENDER],
        helo=demo.HELO,
        inputs={demo.DOMAIN: inputs},
        judging=demo.policy().judging,
        now=CLOCK,
    )
    return audit


def gate() -> str:
    """Of what `deliv gate` says of the demo's letter: the decision, the first two reasons, and the count."""
    given = {Need.EVENTS, Need.MESSAGE, Need.DMARC_REPORTS}
    decided = decide([_sample()], demo.policy(), today=CLOCK.date(), given=given)
    head, *reasons, _, count = gate_report.render(decided, width=WIDTH, color=False).split("\n\n")
    return _fenced("\n\n".join([head, *reasons[:2], "…", count]))


def options() -> str:
    """What `deliv audit --help` prints."""
    return _fenced(CliRunner().invoke(root, ["audit", "--help"], prog_name="deliv", terminal_width=WIDTH).output)


def catalogue() -> str:
    """Every check: its id, its severity when it fails, and the rule."""
    rows = [f"| `{check.id}` | {check.severity.value} | {check.ask.replace('|', '&#124;')} |" for check in CHECKS]
    return "\n".join(["| check | when it fails | the rule |", "| --- | --- | --- |", *rows])


def _fenced(text: str) -> str:
    return f"```\n{text.rstrip()}\n```"


def comparison() -> str:
    """Of what `deliv compare` says of the demo: the sentence, the rates, and the parts of the change."""
    with demo.sample([(demo.BEFORE, demo.EVENTS), (demo.AFTER, demo.EVENTS)]) as (before, after):
        found = compare([before], [after], Wanted(changes=(demo.REPAIR,)), asked=Asked(now=CLOCK))
    return _fenced("\n\n".join(render(found, width=WIDTH, color=False).split("\n\n")[:3]))


README: dict[str, Callable[[], str]] = {
    "report": report,
    "comparison": comparison,
    "gate": gate,
    "options": options,
    "catalogue": catalogue,
}
"""Name of a part → what stands between `<!-- name -->` and `<!-- /name -->`."""


def readme(text: str) -> str:
    """The README `text` with its parts made anew."""
    for name, make in README.items():
        before, opening, rest = text.partition(f"<!-- {name} -->")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not closing:
            raise ValueError(f"README.md has lost a mark of its part {name!r}")
        text = f"{before}{opening}\n\n{make()}\n\n{closing}{after}"
    return text


GENERATED: dict[str, Callable[[str], str]] = {"README.md": readme, catalogues.PAGE: catalogues.page}
"""Path from the top of the checkout → a function of the text that stands there now (it may keep parts of it)."""
COMPILED: dict[str, Callable[[], bytes]] = {catalogues.COMPILED: catalogues.compiled}
"""The same for what is no text."""


def stale() -> dict[str, bytes]:
    """The files that differ from what the code makes, with what they should hold."""
    wanted = {path: make(_text(path)).encode() for path, make in GENERATED.items()}
    wanted |= {path: make() for path, make in COMPILED.items()}
    return {path: octets for path, octets in wanted.items() if octets != _octets(path)}


def _octets(path: str) -> bytes:
    file = ROOT / path
    return file.read_bytes() if file.exists() else b""


def _text(path: str) -> str:
    file = ROOT / path
    return file.read_text(encoding="utf-8") if file.exists() else ""


def take_picture() -> None:
    """Photograph the top of the page that `deliv demo` writes first."""
    from deliverability.reports.html import render_html

    width, height = PICTURE_SIZE
    text = render_html(asyncio.run(demo.demo(CLOCK)).before)  # playwright has an event loop of its own
    with tempfile.TemporaryDirectory() as folder, chromium.browser(Path(folder) / "profile") as browser:
        page = Path(folder) / "audit.html"
        page.write_text(text, encoding="utf-8")
        with browser.page(page.as_uri(), width=width, height=height, prefers_color_scheme="light") as tab:
            shot = tab.call("Page.captureScreenshot", format="png")["data"]
    (ROOT / PICTURE).write_bytes(base64.b64decode(shot))


def main(arguments: list[str]) -> int:
    """Write what is stale, or with `--check` only name it and what is not translated; 1 if there was any."""
    if arguments == ["--picture"]:
        take_picture()
        return 0
    check = arguments == ["--check"]
    found = stale()
    for path, octets in found.items():
        print(f"{path} is not what the code makes: run make generate" if check else f"wrote {path}")
        if not check:
            (ROOT / path).write_bytes(octets)
    missing = catalogues.unfinished()
    for entry in missing:
        print(f"not translated: {entry}")
    return int(check and bool(found or missing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

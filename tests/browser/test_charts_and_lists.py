"""Charts and the pages about many domains in a real browser: they fit, and everybody can read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deliverability.events.plain import to_plain
from deliverability.reports.html import render_html
from deliverability.reports.html.portfolio import line_of, pages
from support import chromium, comparisons, samples

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(chromium.missing()), reason=chromium.missing())]

PAGES = ("index.html", "by-name.html", "by-finding.html")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages about three domains, one of which means harm."""
    folder = tmp_path_factory.mktemp("site")
    lines = [line_of(samples.in_trouble()), line_of(samples.hostile())]
    lines.append(replace(line_of(samples.repaired()), domain=f"{'long-name-' * 6}.{'label-' * 8}x.test"))
    for name, page in pages(lines, [f"list.txt:3: {samples.HOSTILE}"], 30):
        (folder / name).write_text(page, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with every chart that a comparison has; the address of its file."""
    file = tmp_path_factory.mktemp("charts") / "audit.html"
    comparison = {"schema": "deliv.comparison/1", **to_plain(comparisons.daily())}
    file.write_text(render_html(samples.in_trouble(), comparison=comparison), encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Browser]:
    with chromium.browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.mark.parametrize("width", [320, 360, 640, 901, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_scrolls_sideways(browser: chromium.Browser, folder: Path, name: str, width: int) -> None:
    with browser.page((folder / name).as_uri(), width=width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.complaints() == []


@pytest.mark.parametrize(("scheme", "width"), [("dark", 390), ("light", 1280)])
@pytest.mark.parametrize("name", PAGES)
def test_axe_has_nothing_to_say(browser: chromium.Browser, folder: Path, name: str, scheme: str, width: int) -> None:
    with browser.page((folder / name).as_uri(), width=width, prefers_color_scheme=scheme) as page:
        page.evaluate(chromium.axe() + "; 0")
        run = "axe.run({exclude: ['.shape']}).then(r => r.%s.map(v => v.id + ': ' + v.nodes[0].html))"

        assert page.evaluate(run % "violations") == []
        assert page.evaluate(run % "incomplete") == []


SEEN = "[...document.querySelectorAll('.drawn svg')].filter(s => s.getBoundingClientRect().width)"


@pytest.mark.parametrize("width", [360, 900, 1280])
def test_a_chart_has_one_layout_for_each_width(browser: chromium.Browser, charts: str, width: int) -> None:
    with browser.page(charts, width=width) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        drawn = page.evaluate(f"{SEEN}.length")

        on_screen = "[...document.querySelectorAll('.drawn')].filter(d => !d.closest('.paper')).length"
        assert drawn == page.evaluate(on_screen)
        assert drawn >= 4


@pytest.mark.parametrize("width", [360, 900, 1280])
def test_the_words_of_a_chart_can_be_read_and_stay_in_it(browser: chromium.Browser, charts: str, width: int) -> None:
    small = f"""{SEEN}.flatMap(s => {{
      const frame = s.getBoundingClientRect(), scale = frame.width / s.viewBox.baseVal.width;
      return [...s.querySelectorAll('text')].map(t => [t, t.getBoundingClientRect()])
        .filter(([t, box]) => t.getAttribute('font-size') * scale < 11
          || box.left < frame.left - 1 || box.right > frame.right + 1
          || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
        .map(([t, box]) => t.textContent + ' ' + t.getAttribute('font-size') * scale)
    }})"""
    with browser.page(charts, width=width) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")

        assert page.evaluate(small) == []

"""The page in a real browser: it asks for nothing, fits a phone, prints whole, and can be read by everybody."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from deliverability import api
from deliverability.demo import demo
from deliverability.lookup import Answer, Status, ZoneResolver
from deliverability.plain import to_plain
from deliverability.protocols import spf
from deliverability.reports.html import render_html
from deliverability.reports.language import speaking
from support import chromium, comparisons, given, samples

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(chromium.missing()), reason=chromium.missing()),
]

JENKINS = "sandbox; default-src 'none'; img-src 'self'; style-src 'self';"
"""The policy that Jenkins sends with archived files: it takes our style sheet away."""


class Silent:
    """DNS that never answers."""

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        return Answer(name=name, rdtype=rdtype, status=Status.TIMEOUT)


def _pages() -> dict[str, str]:
    trouble, repaired = samples.in_trouble(), samples.repaired()
    zone = 'shop.test. 300 TXT "v=spf1 include:a.shop.test -all"\na.shop.test. 300 TXT "v=spf1 a:mail.shop.test ~all"'
    facts = {"spf": to_plain(asyncio.run(spf.lookup(ZoneResolver.from_text(zone), "shop.test")))}
    worked, evil = (comparisons.document(one) for one in (comparisons.comparison(), comparisons.hostile()))
    shown = asyncio.run(demo(datetime(2026, 11, 22, 9, tzinfo=UTC)))
    before, after = shown.before, replace(shown.after, comparison=shown.after.comparison or worked)
    [unseen] = api.audit("dark.test", resolver=Silent())
    with speaking("ko"):
        korean = render_html(
            replace(given.everything(), facts=facts, comparison=worked), previous=before, manual=samples.MANUAL
        )
    return {
        "trouble": render_html(replace(trouble, facts=facts), manual=samples.MANUAL),
        "changed": render_html(repaired, previous=trouble, manual=samples.MANUAL),
        "hostile": render_html(samples.hostile(), manual=samples.MANUAL),
        "given": render_html(given.everything(), manual=samples.MANUAL),
        "given-hostile": render_html(given.hostile(), manual=samples.MANUAL),
        "compared": render_html(
            replace(given.everything(), facts=facts, comparison=worked), previous=repaired, manual=samples.MANUAL
        ),
        "compared-hostile": render_html(replace(given.hostile(), comparison=evil), manual=samples.MANUAL),
        "summary": render_html(
            replace(given.everything(), comparison=worked), previous=repaired, summary=True, manual=samples.MANUAL
        ),
        "korean": korean,
        "unseen": render_html(unseen),
        "demo-before": render_html(before),
        "demo-after": render_html(after, previous=before),
        "demo-before-summary": render_html(before, summary=True),
        "demo-after-summary": render_html(after, previous=before, summary=True),
    }


PAGES = (
    "trouble",
    "changed",
    "hostile",
    "given",
    "given-hostile",
    "compared",
    "compared-hostile",
    "summary",
    "korean",
    "unseen",
)
PAPER = ("A4", "Letter")
PHONE = 800
"""CSS pixels: the height of a common phone that is 360 wide."""
MARKETERS = "for (const part of [...document.querySelectorAll('.path, .path ~ *')]) part.remove()"
"""Takes away what follows the marketer's part."""


def sheets(page: chromium.Page, paper: str) -> int:
    """How many pages the open page prints on."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper)))


class Site:
    """A web server on loopback that hands out the pages and writes down what it is asked for."""

    def __init__(self) -> None:
        pages, asked = _pages(), []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                name, _, policy = self.path.strip("/").partition("?")
                body = pages.get(name, "").encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                if policy:
                    self.send_header("Content-Security-Policy", JENKINS)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
                pass

        self.asked: list[str] = asked
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{name}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[chromium.Browser]:
    # playwright has an event loop of its own, so the pages have to be made before it starts
    assert site.url("")
    with chromium.browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.mark.parametrize("name", PAGES)
def test_it_asks_for_itself_and_nothing_more(browser: chromium.Browser, site: Site, name: str) -> None:
    site.asked.clear()
    with browser.page(site.url(name)) as page:
        requests, complaints = page.requests(), page.complaints()

    assert requests in ([site.url(name)], [site.url(name), "data:,"])
    assert site.asked == [f"/{name}"]
    assert complaints == []


WIDTHS = (320, 360, 390, 640, 641, 768, 900, 901, 1239, 1240, 1920)
RIGHTMOST = "Math.max(...[...document.querySelectorAll('main *')].map(e => e.getBoundingClientRect().right))"


@pytest.mark.parametrize("name", PAGES)
def test_nothing_scrolls_sideways(browser: chromium.Browser, site: Site, name: str) -> None:
    with browser.page(site.url(name), width=WIDTHS[0]) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        for width in WIDTHS:
            page.resize(width)

            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(RIGHTMOST) <= width, width


@pytest.mark.parametrize("name", PAGES)
def test_no_script_of_a_stranger_ran(browser: chromium.Browser, site: Site, name: str) -> None:
    with browser.page(site.url(name)) as page:
        assert page.evaluate("document.querySelectorAll('script, img, iframe, [style], [onerror]').length") == 0


def test_the_style_sheet_is_allowed_by_its_own_policy(browser: chromium.Browser, site: Site) -> None:
    with browser.page(site.url("trouble")) as page:
        assert page.evaluate("getComputedStyle(document.querySelector('.verdict h2')).fontSize") == "28px"


def test_without_its_style_sheet_it_is_still_a_report(browser: chromium.Browser, site: Site) -> None:
    with browser.page(site.url("trouble?jenkins")) as page:
        assert page.evaluate("getComputedStyle(document.querySelector('.verdict h2')).fontSize") != "28px"
        assert page.evaluate("[...document.querySelectorAll('h2')].every(h => h.offsetHeight > 0)")
        assert "Do not send" in page.evaluate("document.body.innerText")


def test_in_print_everything_is_open(browser: chromium.Browser, site: Site) -> None:
    with browser.page(site.url("trouble")) as page:
        inside = "d.querySelector('h4, table, pre, ul')"
        folded = f"[...document.querySelectorAll('details')].map(d => {inside}.checkVisibility())"
        closed = page.evaluate(folded)
        page.call("Emulation.setEmulatedMedia", media="print")

        assert not any(closed)
        assert all(page.evaluate(folded))
        assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"


def test_on_a_phone_every_cell_says_its_column(browser: chromium.Browser, site: Site) -> None:
    said = "[...document.querySelectorAll('.stacked td')].map(c => getComputedStyle(c, '::before').content)"
    with browser.page(site.url("given"), width=360) as page:
        stacked = page.evaluate(said)
    with browser.page(site.url("given"), width=1280) as page:
        wide = page.evaluate(said)

    assert '"Delivered"' in stacked
    assert "none" not in stacked
    assert set(wide) == {"none"}


def test_in_print_tables_are_tables(browser: chromium.Browser, site: Site) -> None:
    with browser.page(site.url("given"), width=700) as page:
        page.call("Emulation.setEmulatedMedia", media="print")

        assert page.evaluate("getComputedStyle(document.querySelector('.stacked tr')).display") == "table-row"


@pytest.mark.parametrize("paper", PAPER)
@pytest.mark.parametrize("name", ["summary", "demo-before-summary", "demo-after-summary"])
def test_a_summary_prints_on_one_page(browser: chromium.Browser, site: Site, name: str, paper: str) -> None:
    with browser.page(site.url(name)) as page:
        assert sheets(page, paper) == 1


@pytest.mark.parametrize("name", ["demo-before", "demo-after", "trouble", "compared", "unseen"])
def test_a_phone_s_first_screen_says_the_verdict_the_next_fix_and_what_the_last_one_did(
    browser: chromium.Browser, site: Site, name: str
) -> None:
    with browser.page(site.url(name), width=360) as page:
        assert page.evaluate("document.querySelector('.latest').getBoundingClientRect().bottom") <= PHONE


@pytest.mark.parametrize("paper", PAPER)
@pytest.mark.parametrize("name", ["demo-before", "demo-after", "given", "compared", "unseen"])
def test_the_marketer_s_part_prints_on_two_pages(browser: chromium.Browser, site: Site, name: str, paper: str) -> None:
    with browser.page(site.url(name)) as page:
        whole = sheets(page, paper)
        page.evaluate(MARKETERS)

        assert 1 <= sheets(page, paper) <= 2 < whole


def test_what_the_engineer_reads_begins_on_a_page_of_its_own(browser: chromium.Browser, site: Site) -> None:
    with browser.page(site.url("demo-after")) as page:
        page.call("Emulation.setEmulatedMedia", media="print")

        assert page.evaluate("getComputedStyle(document.querySelector('.path')).breakBefore") == "page"


@pytest.mark.parametrize("name", ["compared", "summary"])
def test_charts_are_as_wide_as_there_is_room(browser: chromium.Browser, site: Site, name: str) -> None:
    wide = "[...document.querySelectorAll('.drawn')].map(d => d.getBoundingClientRect().width)"
    wide += ".filter((_, i) => !document.querySelectorAll('.drawn')[i].closest('.paper'))"
    with browser.page(site.url(name), width=360) as page:
        assert min(page.evaluate(wide)) > 280


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_follow_the_reader(browser: chromium.Browser, site: Site, scheme: str) -> None:
    with browser.page(site.url("trouble"), prefers_color_scheme=scheme) as page:
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")

        assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 27)"}[scheme]


def test_the_keyboard_sees_where_it_is(browser: chromium.Browser, site: Site) -> None:
    with browser.page(site.url("trouble")) as page:
        page.press("Tab")

        assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize(("scheme", "width"), [("dark", 390), ("light", 1280)])
@pytest.mark.parametrize("name", PAGES)
def test_axe_has_nothing_to_say(browser: chromium.Browser, site: Site, name: str, scheme: str, width: int) -> None:
    with browser.page(site.url(name), width=width, prefers_color_scheme=scheme) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.evaluate(chromium.axe() + "; 0")
        # the marks are hidden from assistive technology, and too short for axe to judge; they have their word's colour
        run = "axe.run({exclude: [%s]}).then(r => r.%s.map(v => v.id + ': ' + v.nodes[0].html))"
        found = page.evaluate(run % ("'.shape'", "violations"))
        # what lies behind the text of a drawing axe cannot tell: it is the page
        unsure = page.evaluate(run % ("'.shape', 'svg'", "incomplete"))

    assert found == []
    assert unsure == []


@pytest.mark.parametrize("name", PAGES)
def test_with_forced_colours_every_outcome_keeps_word_and_shape(
    browser: chromium.Browser, site: Site, name: str
) -> None:
    with browser.page(site.url(name), forced_colors="active") as page:
        chips = page.evaluate("[...document.querySelectorAll('.chip')].map(c => c.innerText)")

        assert all(chip[0] in "▲△◇○" and len(chip) > 3 for chip in chips)

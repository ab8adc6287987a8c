"""Charts: well-formed and inert, the same bytes for the same numbers, and the same numbers in the table."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.lookup import ZoneResolver
from deliverability.plain import to_plain
from deliverability.protocols import spf as protocol
from deliverability.reports.charts import compared
from deliverability.reports.charts.dumbbell import End, Pair, dumbbell
from deliverability.reports.charts.labels import Box, around, placed
from deliverability.reports.charts.path import Hop, path
from deliverability.reports.charts.pooling import Dot
from deliverability.reports.charts.quadrant import Spot, quadrant
from deliverability.reports.charts.runs import Mark, runs
from deliverability.reports.charts.scale import in_points, scale
from deliverability.reports.charts.spf import spf
from deliverability.reports.charts.svg import NARROW, SMALL, Chart, Markup, element, id_of
from deliverability.reports.charts.waterfall import Step, waterfall
from support import comparisons
from support.samples import HOSTILE

SVG = "{http://www.w3.org/2000/svg}"
QUADRANTS = ("arrives and is read", "arrives, is read less", "arrives less, is read", "neither")
START = date(2026, 1, 5)


def metrics() -> Chart | None:
    return dumbbell(
        "rates",
        "Before and after",
        [
            Pair("Delivered", End(0.803, 0.799, 0.806, "803 of 1,000"), End(0.982, 0.981, 0.983), "+17.9 points"),
            Pair("사람이 연 비율", End(0.118, 0.115, 0.12), End(0.223, 0.219, 0.226)),
            Pair("Clicked", End(None), End(0.0045)),
        ],
    )


def parts() -> Chart | None:
    steps = [Step("Delivery", 0.041, 0.035, 0.047), Step("Mix", -0.02), Step("Nothing", 0.0, -0.001, 0.001)]
    return waterfall("parts", "What it is made of", ("Before", 0.149), steps, ("After", 0.17))


def campaigns(number: int, *, change: int = 0) -> list[Dot]:
    """One a day; from `change` on after the fix, a fortnight of it too near."""
    periods = ["before" if i < change else "washout" if i < change + 14 else "after" for i in range(number)]
    return [
        Dot((START + timedelta(i)).isoformat(), period, 800 + 7 * (i % 11) + 100 * (i >= change), 1_000, f"mail {i}")
        for i, period in enumerate(periods)
    ]


def over_time(number: int = 30) -> Chart | None:
    changed = START + timedelta(number // 2)
    fitted = [((START + timedelta(i)).isoformat(), 0.83 + 0.1 * (i >= number // 2)) for i in range(number)]
    return runs(
        "time",
        "Delivered",
        campaigns(number, change=number // 2),
        happened=[Mark(changed.isoformat(), "SPF repaired"), Mark("2026-02-01", "sale", "other")],
        washout_days=14,
        fitted=fitted,
        placebo=(-0.01, 0.01),
    )


def plane() -> Chart | None:
    spots = [
        Spot("Gmail", 0.81, 0.12, 21_000, 0.4, at_risk=True),
        Spot("Outlook.com", 0.97, 0.21, 9_000),
        Spot("네이버", 0.975, 0.2, 8_000),
        Spot("GMX", 0.9, 0.05, 7_000),
    ]
    return quadrant("plane", "What arrives and is read", spots, split=(0.93, 0.15), names=QUADRANTS)


def way() -> Chart | None:
    hops = [
        Hop("Sending service", "what it says of the mail", passed=3),
        Hop(
            "Identity in DNS",
            "who may send in this name: SPF, DKIM and DMARC",
            required=2,
            advised=1,
            unknown=4,
            passed=9,
        ),
        Hop("Connection", "", advised=1),
        Hop("Policy", "", unknown=1),
        Hop("Inbox", "nobody tells", seen=False),
    ]
    return path("path", "The path of a message", hops)


def zone_facts(includes: int) -> dict[str, Any]:
    """A record with that many includes, each of which includes another."""
    text = "$ORIGIN shop.test.\n$TTL 300\n"
    text += (
        f'@ TXT "v=spf1 {" ".join(f"include:s{i}.shop.test" for i in range(includes))} include:gone.shop.test ~all"\n'
    )
    for i in range(includes):
        text += f's{i} TXT "v=spf1 include:n{i}.shop.test -all"\nn{i} TXT "v=spf1 ip4:192.0.2.{i} -all"\n'
    return {"spf": to_plain(asyncio.run(protocol.lookup(ZoneResolver.from_text(text), "shop.test")))}


def tree() -> Chart | None:
    return spf("spf", "SPF look-ups", zone_facts(6))


CHARTS: dict[str, Callable[[], Chart | None]] = {
    "dumbbell": metrics,
    "waterfall": parts,
    "runs": over_time,
    "quadrant": plane,
    "path": way,
    "spf": tree,
}


def made(chart: Chart | None) -> Chart:
    assert chart is not None
    return chart


def layouts(chart: Chart | None) -> Iterator[ET.Element]:
    """The drawings of a chart, parsed; an inline drawing has the namespace from HTML."""
    here = made(chart)
    for text in (here.svg, here.wide):
        if text:
            yield ET.fromstring(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def words(chart: Chart | None) -> str:
    return "\n".join("".join(text.itertext()) for svg in layouts(chart) for text in svg.iter(f"{SVG}text"))


@pytest.fixture(params=list(CHARTS))
def chart(request: pytest.FixtureRequest) -> Chart:
    return made(CHARTS[request.param]())


@pytest.mark.parametrize("name", list(CHARTS))
def test_the_drawing_as_it_was_last_looked_at(name: str, golden: Callable[[str, str], None]) -> None:
    found = made(CHARTS[name]())

    golden(f"chart-{name}.svg", f"{found.svg}\n{found.wide}".replace("><", ">\n<"))


class TestDrawing:
    def test_it_is_well_formed_and_fits_its_frame(self, chart: Chart) -> None:
        for svg in layouts(chart):
            box = [float(part) for part in svg.attrib["viewBox"].split()]

            assert box[:2] == [0, 0]
            assert box[2] >= NARROW
            assert box[3] > 40
            assert not {"width", "height"} & set(svg.attrib)

    def test_it_says_what_it_is_to_who_does_not_see_it(self, chart: Chart) -> None:
        for svg in layouts(chart):
            name, desc = svg.attrib["aria-labelledby"].split()

            assert svg.attrib["role"] == "img"
            assert [(e.attrib["id"], e.text) for e in svg if e.tag == f"{SVG}title"] == [(name, chart.title)]
            (found,) = [e for e in svg if e.tag == f"{SVG}desc"]
            assert found.attrib["id"] == desc
            assert (found.text or "").startswith(chart.desc)

    def test_it_has_neither_style_nor_script_nor_address(self, chart: Chart) -> None:
        for svg in layouts(chart):
            attributes = {name for e in svg.iter() for name in e.attrib}
            values = " ".join(value for e in svg.iter() for value in e.attrib.values())

            assert {e.tag.removeprefix(SVG) for e in svg.iter()} <= {
                *("svg", "title", "desc", "g", "path", "rect", "polygon", "text")
            }
            assert not {name for name in attributes if name in {"style", "href"} or name.startswith("on")}
            assert "url(" not in values
            assert "#" not in values  # nor a colour of its own: the text's is used

    def test_ids_are_its_own(self, chart: Chart) -> None:
        ids = [e.attrib["id"] for svg in layouts(chart) for e in svg.iter() if "id" in e.attrib]

        assert len(ids) == len(set(ids))
        assert all(name.startswith(f"{chart.id}-") for name in ids)

    def test_text_is_large_enough_on_a_phone(self, chart: Chart) -> None:
        sizes = {float(e.attrib["font-size"]) for svg in layouts(chart) for e in svg.iter(f"{SVG}text")}

        assert min(sizes) * 328 / NARROW >= 11
        assert min(sizes) >= SMALL

    def test_every_row_has_all_its_cells(self, chart: Chart) -> None:
        assert {len(row) for row in chart.rows} == {len(chart.head)}
        assert all(row[0] for row in chart.rows)

    @pytest.mark.parametrize("name", list(CHARTS))
    def test_the_same_numbers_give_the_same_bytes(self, name: str) -> None:
        assert CHARTS[name]() == CHARTS[name]()


class TestNumbers:
    """What is drawn stands in the table."""

    @pytest.mark.parametrize("name", ["dumbbell", "waterfall"])
    def test_the_numbers_that_are_written_are_those_of_the_table(self, name: str) -> None:
        found = made(CHARTS[name]())
        table = " ".join(cell for row in found.rows for cell in row)
        written = re.findall(r"[+−]?\d+\.\d+", " ".join(words(found).split("\n")[3 if name == "dumbbell" else 5 :]))

        assert len(written) >= 5
        assert [number for number in written if number not in table] == []

    def test_marks_stand_where_their_numbers_are(self) -> None:
        (svg,) = layouts(dumbbell("d", "t", [Pair("all", End(0.0), End(1.0)), Pair("half", End(0.5), End(0.25))]))
        diamonds = [e.attrib["d"] for e in svg.iter(f"{SVG}path") if e.attrib.get("class") == "is"]
        places = [float(re.match(r"M([\d.]+)", d).group(1)) for d in diamonds]  # type: ignore[union-attr]

        assert places[1:] == [NARROW - 10, 10 + (NARROW - 20) / 4]  # the first is the legend's

    def test_steps_that_add_up_end_at_the_end(self) -> None:
        found = waterfall("w", "t", ("a", 0.2), [Step("x", 0.3), Step("y", -0.1)], ("b", 0.4))
        (svg,) = layouts(found)
        (taken,) = [e for e in svg.iter(f"{SVG}polygon") if e.attrib["class"] == "takes"][1:]
        (end,) = [e for e in svg.iter(f"{SVG}path") if e.attrib.get("class") == "is"][1:]
        tip = taken.attrib["points"].split()[2].split(",")[0]

        assert end.attrib["d"].startswith(f"M{tip} ")

    def test_a_step_down_is_told_from_a_step_up_without_colour(self) -> None:
        (svg,) = layouts(parts())
        fills = {e.attrib["class"]: e.attrib["fill"] for e in svg.iter(f"{SVG}polygon")}

        assert fills == {"adds": "currentColor", "takes": "none"}

    def test_a_year_of_campaigns_is_pooled_and_loses_none(self) -> None:
        found = made(over_time(365))
        messages = [row[3].split(" of ") for row in found.rows]

        assert len(found.rows) <= 40
        assert sum(int(row[4]) for row in found.rows) == 365
        assert sum(int(of.replace(",", "")) for _, of in messages) == 365_000
        assert len(found.svg) + len(found.wide) < 60_000

    def test_every_campaign_of_a_short_series_is_a_mark_and_a_row(self) -> None:
        found = made(over_time(30))
        circles = [
            e.attrib["d"].count("M") for e in next(layouts(found)).iter(f"{SVG}path") if e.attrib.get("class") == "was"
        ]

        assert len(found.rows) == 30
        assert circles == [1, 15]  # the legend's, and the campaigns before

    def test_an_expected_line_breaks_at_the_fix(self) -> None:
        lines = [e.attrib["d"] for svg in layouts(over_time(30)) for e in svg.iter() if e.attrib.get("class") == "fit"]

        assert [d.count("M") for d in lines] == [2, 2]

    def test_those_at_risk_have_a_shape_of_their_own(self) -> None:
        (svg,) = layouts(plane())
        risky = [e.attrib["d"].count("M") for e in svg.iter(f"{SVG}path") if e.attrib.get("class") == "risk"]

        assert risky == [1, 1]  # the legend's, and one provider
        assert "at risk" in made(plane()).rows[0][1]

    def test_a_provider_stands_in_the_quadrant_of_its_row(self) -> None:
        assert {row[0]: row[1] for row in made(plane()).rows} == {
            "Gmail": f"{QUADRANTS[3]}, or {QUADRANTS[2]} (at risk)",  # 12 to 40 % read, and the line is at 15 %
            "Outlook.com": QUADRANTS[0],
            "네이버": QUADRANTS[0],
            "GMX": QUADRANTS[3],
        }

    def test_names_do_not_lie_on_one_another(self) -> None:
        places = [(200.0 + i % 3, 100.0 + i // 3) for i in range(9)]
        ground = Box(0, 0, NARROW, 300)

        found = placed([f"provider {i}" for i in range(9)], places, ground, [], 6)

        assert len(found) >= 6
        boxes = [one.box for one in found]
        assert not any(a.meets(b) for i, a in enumerate(boxes) for b in boxes[:i])
        assert not any(box.meets(around(x, y, 6)) for box in boxes for x, y in places)
        assert all(ground.holds(box) for box in boxes)

    def test_what_was_not_observed_is_dashed_and_says_so(self) -> None:
        (svg,) = layouts(way())

        assert [e for e in svg.iter(f"{SVG}path") if "stroke-dasharray" in e.attrib]
        assert made(way()).rows[-1] == ("Inbox", "nobody tells", "not observed")
        assert not [
            e
            for svg in layouts(path("p", "t", [Hop("a"), Hop("b")]))
            for e in svg.iter()
            if "stroke-dasharray" in e.attrib
        ]

    def test_the_record_in_which_the_limit_is_passed_is_marked(self) -> None:
        rows = {row[0]: row for row in made(spf("s", "t", zone_facts(6))).rows}

        assert rows["shop.test"][2:] == ("7", "13", "the limit is passed here")
        assert rows["s0.shop.test"][2:] == ("1", "1", "–")
        assert rows["gone.shop.test"][4] == "no SPF record at this name"
        assert "limit is passed" not in str(made(spf("s", "t", zone_facts(3))).rows)
        assert "13 of 10" in words(spf("s", "t", zone_facts(6)))

    def test_a_comparison_is_drawn_with_its_own_figures(self) -> None:
        comparison = comparisons.comparison()
        rates, split = made(compared.metrics(comparison)), made(compared.decomposition(comparison))
        delivered = comparison.metrics["delivered_sent"]

        assert rates.rows[0][1].startswith(f"{100 * (delivered.before or 0):.2f} %")
        assert comparison.decomposition is not None
        assert split.rows[1][1] == in_points(
            *(getattr(comparison.decomposition.delivery, end) for end in ("value", "low", "high"))
        )
        assert len(made(compared.providers(comparison)).rows) == len(comparison.providers)
        assert len(made(compared.timeline(comparison)).rows) == len(comparison.campaigns)

    def test_a_refused_comparison_has_no_charts(self) -> None:
        refused = comparisons.refused()

        assert {
            f(refused) for f in (compared.metrics, compared.providers, compared.decomposition, compared.timeline)
        } == {None}


class TestHostile:
    def test_names_are_escaped_made_visible_and_cut(self) -> None:
        drawn = [
            dumbbell("d", HOSTILE, [Pair(HOSTILE * 20, End(0.1), End(0.2), HOSTILE)]),
            waterfall("w", HOSTILE, (HOSTILE, 0.1), [Step(HOSTILE, 0.1)], (HOSTILE, 0.2)),
            runs("r", HOSTILE, [Dot("2026-01-01", "before", 1, 2, HOSTILE)], happened=[Mark("2026-01-01", HOSTILE)]),
            quadrant(
                "q", HOSTILE, [Spot(HOSTILE, 0.5, 0.5)], split=(0.5, 0.5), names=(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
            ),
            path("p", HOSTILE, [Hop(HOSTILE, HOSTILE)]),
            spf("s", HOSTILE, {"spf": {"tree": {"texts": [HOSTILE], "name": HOSTILE}}}),
        ]
        for chart in drawn:
            for svg in layouts(chart):
                assert {e.tag.removeprefix(SVG) for e in svg.iter()} <= {
                    *("svg", "title", "desc", "g", "path", "rect", "polygon", "text")
                }
                assert all(len("".join(e.itertext())) < 90 for e in svg.iter(f"{SVG}text"))
            assert chart is not None
            assert f"{chart.svg}{chart.wide}".isprintable()
            assert "&lt;/style&gt;" in chart.svg

    def test_ids_hold_nothing_that_an_id_may_not(self) -> None:
        assert id_of(HOSTILE).replace("-", "").isalnum()
        assert id_of("") == "chart"

    def test_text_that_is_no_markup_is_escaped(self) -> None:
        assert element("text", "<b>", Markup("<g/>"), x='"') == '<text x="&quot;">&lt;b&gt;<g/></text>'
        with pytest.raises(ValueError, match="finite"):
            element("rect", x=math.nan)


ANY = st.none() | st.floats() | st.floats(-1, 1) | st.sampled_from([0.0, 1.0, -0.0, 1e-300, 1e300, 0.5])
DAY = st.dates().map(date.isoformat) | st.sampled_from(["", "2026", "2026-02-31", "2026-01-01T00:00:00Z", "9999-12-31"])
COUNT = st.integers(-5, 2_000) | st.sampled_from([10**15, 10**400])
PERIOD = st.sampled_from(["before", "washout", "after", "control", "", "x"])
TEXT = st.text(max_size=12)
ENDS = st.builds(End, ANY, ANY, ANY)
DOTS = st.lists(st.builds(Dot, DAY, PERIOD, st.none() | COUNT, COUNT, TEXT), max_size=12)
MARKS = st.lists(st.builds(Mark, DAY, TEXT, st.sampled_from(["change", "other", "break", ""])), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 20) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tree", "texts", "name", "children", "depth", "error", "cost", "rows", "total", "record"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


class TestNonsense:
    """Numbers that are none, all the same, nothing or beyond measure: a chart or None, and never a NaN."""

    def fine(self, chart: Chart | None) -> None:
        for svg in layouts(chart) if chart else ():
            for value in (value for e in svg.iter() for name, value in e.attrib.items() if not name.startswith("aria")):
                assert not re.search(r"nan|inf|e[+-]?\d", value)
        if chart:
            assert not re.search(r"\bnan\b|\binf\b", " ".join(cell for row in chart.rows for cell in row[1:]))

    @given(st.lists(st.builds(Pair, TEXT, ENDS, ENDS), max_size=30), ANY.filter(lambda x: x is not None and 0 < x < 1))
    def test_before_and_after(self, pairs: list[Pair], confidence: float) -> None:
        self.fine(dumbbell("d", "t", pairs, confidence=confidence))

    @given(ANY, st.lists(st.builds(Step, TEXT, ANY, ANY, ANY), max_size=14), ANY)
    def test_parts(self, start: float | None, steps: list[Step], end: float | None) -> None:
        self.fine(waterfall("w", "t", ("a", start), steps, ("b", end)))

    @settings(deadline=None)
    @given(DOTS, MARKS, st.integers(-5, 10**9), st.lists(st.tuples(DAY, st.floats()), max_size=5), st.tuples(ANY, ANY))
    def test_a_series(
        self,
        dots: list[Dot],
        happened: list[Mark],
        washout: int,
        fitted: list[tuple[str, float]],
        placebo: tuple[float | None, float | None],
    ) -> None:
        self.fine(runs("r", "t", dots, happened=happened, washout_days=washout, fitted=fitted, placebo=placebo))

    @given(
        st.lists(st.builds(Spot, TEXT, ANY, ANY, st.integers(0, 10**18), ANY, st.booleans()), max_size=12),
        st.tuples(ANY, ANY),
    )
    def test_a_plane(self, spots: list[Spot], split: tuple[float | None, float | None]) -> None:
        self.fine(quadrant("q", "t", spots, split=split, names=QUADRANTS))

    @given(st.lists(st.builds(Hop, TEXT, TEXT, *[st.integers(0, 10**9)] * 4, st.booleans()), max_size=14))
    def test_a_path(self, hops: list[Hop]) -> None:
        self.fine(path("p", "t", hops))

    @given(st.dictionaries(st.just("spf"), JSON))
    def test_a_tree(self, nonsense: dict[str, Any]) -> None:
        self.fine(spf("s", "t", nonsense))

    @given(st.lists(ANY, max_size=6))
    def test_a_scale_holds_its_values_and_few_ticks(self, values: list[float | None]) -> None:
        known = [value for value in values if value is not None and 0 <= value <= 1]
        found = scale(known, 0, 100)

        assert 0 <= found.low < found.high <= 1
        assert all(found.low <= value <= found.high for value in known)
        assert 2 <= len(found.ticks()) <= 8

    @pytest.mark.parametrize("number", [1, 2, 1_000])
    def test_any_number_of_campaigns(self, number: int) -> None:
        self.fine(made(runs("r", "t", campaigns(number, change=number // 2))))

    def test_a_change_of_more_than_all_is_none(self) -> None:
        assert waterfall("w", "t", ("a", 0.1), [Step("x", 1.5)], ("b", 0.1)) is None
        assert dumbbell("d", "t", [Pair("x", End(1.5), End(-0.1))]) is None
        assert quadrant("q", "t", [Spot("x", 1.5, 0.5)], split=(0.5, 0.5), names=QUADRANTS) is None

    def test_a_band_past_all_is_cut_at_the_edge(self) -> None:
        happened, fitted = [Mark("2026-01-10", "")], [("2026-01-05", 0.99), ("2026-01-12", 0.99)]
        chart = runs("r", "t", campaigns(10, change=5), happened=happened, fitted=fitted, placebo=(-0.02, 0.5))

        self.fine(chart)
        assert "100 %" in words(chart)
        assert "110 %" not in words(chart)

    def test_nothing_makes_no_chart(self) -> None:
        assert dumbbell("d", "t", []) is None
        assert waterfall("w", "t", ("a", 0.1), [], ("b", 0.1)) is None
        assert runs("r", "t", []) is None
        assert quadrant("q", "t", [], split=(0.5, 0.5), names=QUADRANTS) is None
        assert path("p", "t", []) is None
        assert spf("s", "t", {}) is None

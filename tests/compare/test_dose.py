"""The dose check: who enforces, who does not, and what it takes to say that the mechanism was seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest

from deliverability.compare.beside.dose import ENFORCED, dose
from deliverability.compare.campaigns import Cell
from deliverability.sources import SOURCES

START = date(2026, 1, 5)
PROVIDERS = {"gmail": (0.80, 0.98), "yahoo": (0.75, 0.97), "gmx": (0.95, 0.955), "other": (0.96, 0.96)}


def side(
    after: bool,
    shares: dict[str, tuple[float, float]] | None = None,
    *,
    start: date = START,
    count: int = 6,
    code: str = "5.7.26",
    remedied: bool = True,
    seed: int = 0,
) -> list[Cell]:
    """Campaigns to all providers, of which those that enforce refuse what they do not take, for its authentication."""
    rng = Random(f"{seed}{after}")
    found = []
    for i in range(count):
        wave = rng.gauss(0, 0.01)
        for provider, levels in (shares or PROVIDERS).items():
            delivered = round(10_000 * min(1, levels[after] + wave + rng.gauss(0, 0.005)))
            lost = 10_000 - delivered
            enforcing = provider in {"gmail", "yahoo", "microsoft", "comcast"} and code
            refused = {code: lost // (20 if after and remedied else 1)} if enforcing else {}
            found.append(
                Cell(
                    campaign=f"c{i + 10 * after}",
                    day=start + timedelta(7 * (i + 10 * after)),
                    provider=provider,
                    sent=10_000,
                    delivered=delivered,
                    bounced=lost,
                    auth_rejected=refused,
                )
            )
    return found


def test_refusals_that_fell_where_authentication_is_enforced_agree() -> None:
    found = dose(side(False), side(True))
    assert found.moved_enforcing is not None
    assert found.moved_others is not None
    assert found.refused_before is not None
    assert found.refused_after is not None

    assert (found.enforcing, found.others) == (("gmail", "yahoo"), ("gmx", "other"))
    assert found.moved_enforcing.value == pytest.approx(0.2, abs=0.02)
    assert found.moved_others.value == pytest.approx(0.0, abs=0.02)
    assert found.refused_before.denominator == 120_000
    assert found.refused_before.numerator == pytest.approx(0.225 * 120_000, rel=0.1)
    assert found.refused_after.numerator < found.refused_before.numerator / 50
    assert found.agrees is True
    assert found.why


def test_brands_on_a_system_that_enforces_do_and_mailboxes_under_their_own_rules_are_neither() -> None:
    shares = {
        "comcast": (0.8, 0.9),
        "google-workspace": (0.8, 0.9),
        "microsoft-365": (0.8, 0.9),
        "yahoojp": (0.8, 0.9),
        "unknown": (0.8, 0.9),
        "": (0.8, 0.9),
    }
    found = dose(side(False, shares), side(True, shares))

    assert (found.enforcing, found.others) == (("comcast",), ("yahoojp",))


def test_a_provider_on_one_side_only_is_neither() -> None:
    before = [cell for cell in side(False) if cell.provider != "yahoo"]
    after = [cell for cell in side(True) if cell.provider != "gmx"]
    found = dose(before, after)

    assert (found.enforcing, found.others) == (("gmail",), ("other",))


def test_microsoft_enforces_from_its_day_on() -> None:
    shares = {"microsoft": (0.8, 0.9), "gmail": (0.8, 0.9), "gmx": (0.9, 0.9)}

    def kinds(start: date) -> tuple[tuple[str, ...], tuple[str, ...]]:
        found = dose(side(False, shares, start=start), side(True, shares, start=start))
        return found.enforcing, found.others

    began = ENFORCED["microsoft"]
    assert kinds(began) == (("gmail", "microsoft"), ("gmx",))
    assert kinds(began - timedelta(7)) == (("gmail",), ("gmx",))  # it began between the sides
    assert kinds(began - timedelta(200)) == (("gmail",), ("gmx", "microsoft"))


def test_campaigns_without_a_date_are_taken_as_of_today() -> None:
    found = dose([replace(c, day=None) for c in side(False)], [replace(c, day=None) for c in side(True)])

    assert found.enforcing == ("gmail", "yahoo")
    assert found.agrees is True


@pytest.mark.parametrize(
    ("shares", "more", "agrees", "why"),
    [
        ({"gmx": (0.8, 0.9)}, {}, None, "No provider that enforces"),
        ({"gmail": (0.8, 0.9)}, {}, None, "No other provider"),
        (None, {"code": ""}, None, "No message was refused"),
        ({**PROVIDERS, "gmail": (0.8, 0.6), "yahoo": (0.8, 0.6)}, {"remedied": False}, False, "did not fall"),
        ({**PROVIDERS, "gmx": (0.6, 0.95), "other": (0.6, 0.95)}, {}, False, "rose no more"),
        (None, {"count": 3}, None, "Fewer than 4 campaigns"),
        ({"gmail": (0.8, 0.804), "gmx": (0.95, 0.95)}, {}, None, "by no more than campaigns differ"),
    ],
)
def test_what_keeps_the_dose_from_agreeing(
    shares: dict[str, tuple[float, float]], more: dict[str, object], agrees: bool | None, why: str
) -> None:
    found = dose(side(False, shares, **more), side(True, shares, **more))  # type: ignore[arg-type]

    assert found.agrees is agrees
    assert why in found.why


def test_deliveries_that_rose_while_refusals_only_wavered_do_not_agree() -> None:
    def wavering(cells: list[Cell], least: int) -> list[Cell]:
        return [
            replace(c, auth_rejected={"5.7.26": least + 37 * i % 90} if c.provider == "gmail" else {})
            for i, c in enumerate(cells)
        ]

    found = dose(wavering(side(False), 12), wavering(side(True), 10))

    assert found.refused_before is not None
    assert found.refused_after is not None
    assert 0 < found.refused_after.numerator < found.refused_before.numerator
    assert found.agrees is None


def test_data_without_bounces_afterwards_say_nothing_of_refusals() -> None:
    after = [replace(cell, bounced=0, auth_rejected={}) for cell in side(True)]

    assert dose(side(False), after).agrees is None


def test_no_cells_at_all() -> None:
    found = dose([], [])

    assert (found.enforcing, found.moved_enforcing, found.refused_before, found.agrees) == ((), None, None, None)


def test_every_rule_that_dates_an_enforcement_is_a_source() -> None:
    assert set(ENFORCED) == {"gmail", "yahoo", "microsoft"}
    assert {"Gmail sender guidelines", "Yahoo sender requirements", "Outlook sender requirements"} <= set(SOURCES)

"""The past of the people in a list, and how much of it is likely to bounce."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.checks.recipients_past import expected
from deliverability.compare.intervals import wilson
from deliverability.ingest import ingest
from deliverability.inputs import Given
from deliverability.lists.read import Wanted
from deliverability.lookup import ZoneResolver
from deliverability.rates import Asked
from deliverability.recipients.facts import Stratum, from_observation, to_observation
from support.lists import ZONE, emails, read
from support.sending import NOW, T, event, lines, put

NOBODY = {"reason": "550 5.1.1 no such user", "status": "5.1.1", "type": "bounce"}
DAY = 86_400


def sent(number: int, day: int, kind: str = "delivered", **more: Any) -> Iterator[dict[str, Any]]:
    """A message to a person on a day, and what came of it."""
    for step, name in enumerate(("processed", kind)):
        yield event(
            number,
            name,
            timestamp=T - (9 - day) * DAY + step,
            sg_event_id=f"{name}{number}-{day}",
            sg_message_id=f"m{number}-{day}",
            **(more if step else {}),
        )


def past() -> bytes:
    """400 people at Gmail: 8 are gone at once, 292 of the others get a second mail, of which 2 come back."""
    rows = [row for n in range(400) for row in sent(n, 1, *(("bounce",) if n < 8 else ()), **(NOBODY if n < 8 else {}))]
    rows += [
        row for n in range(8, 300) for row in sent(n, 2, *(("bounce",) if n < 10 else ()), **(NOBODY if n < 10 else {}))
    ]
    rows.append(event(50, "unsubscribe", timestamp=T - DAY, sg_event_id="u50", sg_message_id="m50-2"))
    rows.append(event(51, "spamreport", timestamp=T - DAY, sg_event_id="c51", sg_message_id="m51-2"))
    rows.append(event(52, "unsubscribe", timestamp=T - 3 * DAY, sg_event_id="u52", sg_message_id="m52-2"))
    rows.append(event(52, "group_resubscribe", timestamp=T - 2 * DAY, sg_event_id="s52", sg_message_id="m52-2"))
    rows.append(event(53, "spamreport", timestamp=T - 3 * DAY, sg_event_id="c53", sg_message_id="m53-2"))
    for number in (6, 53):  # gone, and who complained: both have subscribed since
        again = {"sg_event_id": f"s{number}", "sg_message_id": f"m{number}-1"}
        rows.append(event(number, "group_resubscribe", timestamp=T - 2 * DAY, **again))
    rows += sent(7, 3)  # gone, and there again
    return lines(rows)


def of_people(*numbers: int) -> str:
    return emails([f"Given.Name{number}@Gmail.com" for number in numbers])


@pytest.mark.parametrize("kept", [None, "kept.duckdb", "kept"])
def test_the_past_is_met_in_raw_events_and_in_a_store(kept: str | None) -> None:
    path = put("events.ndjson", past())
    if kept is not None:
        ingest([path], Path(kept), now=NOW)
        path = kept
    found = read(of_people(*range(100), *range(1000, 1900)), events=(path,), as_events=Asked(now=NOW))

    assert found.history is not None
    assert (found.history.people, found.history.dead, found.known_dead) == (400, 8, 8)
    assert (found.history.complained, found.history.unsubscribed, found.stopped) == (1, 1, 10)
    assert found.history.strata == (
        Stratum(provider="gmail", group="met", addresses=92, bounced=2, sent=292),
        Stratum(provider="gmail", group="new", addresses=900, bounced=8, sent=400),
    )
    assert from_observation(json.loads(json.dumps(to_observation(found)))) == found


def test_a_store_with_another_key_is_refused() -> None:
    ingest([put("events.ndjson", lines([event(1)]))], Path("kept"), now=NOW)

    with pytest.raises(ValueError, match="made with another key"):
        read(of_people(1), events=("kept",), key=b"of somebody else")


def test_the_key_is_in_no_trace_of_a_run() -> None:
    assert "of somebody" not in repr(Wanted(key=b"of somebody")) + repr(Given(key=b"of somebody"))


def test_a_store_whose_key_is_missing_is_refused() -> None:
    ingest([put("events.ndjson", lines([event(1)]))], Path("kept.duckdb"), now=NOW)
    Path("kept.duckdb.key").unlink()

    with pytest.raises(ValueError, match="key of this store is missing"):
        read(of_people(1), events=("kept.duckdb",))


@pytest.mark.parametrize(
    ("mails", "expected_by"),
    [
        (99, Stratum(provider="other", group="new", addresses=10, bounced=99, sent=249)),
        (100, Stratum(provider="naver", group="new", addresses=10, bounced=100, sent=100)),
    ],
)
def test_mail_to_a_provider_is_expected_by_its_own_from_a_hundred_on_and_by_all_below(
    mails: int, expected_by: Stratum
) -> None:
    rows = [row for n in range(150) for row in sent(n, 1)]
    rows += [row for n in range(mails) for row in sent(n, 1, "bounce", **NOBODY, email=f"n{n}@naver.com")]
    found = read(emails([f"new{n}@naver.com" for n in range(10)]), events=(put("e.ndjson", lines(rows)),))

    assert found.history is not None
    assert found.history.strata == (expected_by,)


def test_who_is_gone_from_a_domain_that_is_gone_is_counted_once() -> None:
    rows = [row for n in range(3) for row in sent(n, 1, "bounce", **NOBODY, email=f"a{n}@gone.example.com")]
    found = read(
        emails(["a1@gone.example.com", "a9@gone.example.com", "a2@example.com"]),
        events=(put("e.ndjson", lines(rows)),),
        as_events=Asked(now=NOW),
        resolver=ZoneResolver.from_text(ZONE),
    )

    assert found.history is not None
    assert (found.history.dead, found.known_dead) == (1, 2)
    assert [one.addresses for one in found.history.strata] == [1]


def test_what_happens_later_is_not_known_yet() -> None:
    path = put("events.ndjson", past())
    then = datetime.fromtimestamp(T - 7.5 * DAY, UTC)
    found = read(of_people(*range(20)), events=(path,), as_events=Asked(now=then))

    assert found.history is not None
    assert (found.history.dead, found.history.complained, found.history.unsubscribed) == (8, 0, 0)
    assert found.history.end < then.isoformat()


def test_a_domain_that_was_not_there_is_as_bad_as_a_mailbox() -> None:
    nowhere = {"reason": "550 5.1.2 bad destination host, domain not found", "status": "5.1.2", "type": "bounce"}
    full = {"reason": "552 5.2.2 mailbox full", "status": "5.2.2", "type": "bounce"}
    rows = [row for n in range(5) for row in sent(n, 1, "bounce", **nowhere)]
    rows += [row for n in range(5, 9) for row in sent(n, 1, "bounce", **full)]
    found = read(emails(["new@gmail.com"]), events=(put("e.ndjson", lines(rows)),), as_events=Asked(now=NOW))

    assert found.history is not None
    assert [(one.bounced, one.sent) for one in found.history.strata] == [(5, 9)]


@pytest.mark.parametrize("kind", ["unsubscribe", "spamreport"])
def test_who_said_no_is_spared_also_where_the_mail_itself_is_not_in_the_events(kind: str) -> None:
    rows = [event(1, kind, timestamp=T, sg_event_id="n1", sg_message_id="m1")]
    found = read(of_people(1, 2), events=(put("e.ndjson", lines(rows)),), as_events=Asked(now=NOW))

    assert found.stopped == 1


def test_who_said_no_is_found_in_a_row_that_is_no_address() -> None:
    rows = [*sent(1, 1), event(1, "spamreport", timestamp=T, sg_event_id="c1", sg_message_id="m1-1")]
    found = read(
        emails(["Kim <Given.Name1@Gmail.com>", "Given.Name2@gmail.com"]),
        events=(put("e.ndjson", lines(rows)),),
        as_events=Asked(now=NOW),
    )

    assert found.history is not None
    assert (found.history.complained, found.stopped) == (1, 1)
    assert [(one.group, one.addresses) for one in found.history.strata] == [("new", 1)]


def test_domains_of_no_provider_are_expected_by_the_mail_to_all() -> None:
    rows = [row for n in range(150) for row in sent(n, 1)]
    rows += [row for n in range(150) for row in sent(n, 1, "bounce", **NOBODY, email=f"n{n}@x.com")]
    found = read(emails(["new@y.com"]), events=(put("e.ndjson", lines(rows)),), as_events=Asked(now=NOW))

    assert found.history is not None
    assert found.history.strata == (Stratum(provider="other", group="new", addresses=1, bounced=150, sent=300),)


@given(
    st.integers(0, 50), st.lists(st.tuples(st.integers(1, 500), st.integers(0, 30), st.integers(30, 900)), min_size=1)
)
def test_the_interval_of_the_sum_holds_its_parts(dead: int, parts: list[tuple[int, int, int]]) -> None:
    strata = tuple(Stratum(provider="x", group="new", addresses=a, bounced=b, sent=n) for a, b, n in parts)
    addresses = dead + sum(a for a, _, _ in parts)
    value, low, high = expected(dead, addresses, strata, 0.95)

    assert 0 <= low <= value <= high <= 1
    assert low >= dead / addresses
    if len(parts) == 1 and dead < value * addresses:
        # never narrower than what is not known of the rate alone
        wide = wilson(parts[0][1], parts[0][2])
        assert low <= (dead + parts[0][0] * wide[0]) / addresses + 1e-12
        assert high >= min(1.0, (dead + parts[0][0] * wide[1]) / addresses) - 1e-12


@pytest.mark.parametrize(
    ("known", "addresses", "least"), [(100_000, 300, 0.92), (2_000, 300, 0.92), (2_000, 3_000, 0.92)]
)
def test_what_bounces_falls_into_the_interval_about_as_often_as_it_says(
    known: int, addresses: int, least: float
) -> None:
    """Seeded senders: the rates of three strata are drawn, then a history, and then a list at the same rates."""
    source = random.Random(20261122)

    def bounced(of: int, rate: float) -> int:
        if of * rate > 100:
            return round(source.gauss(of * rate, (of * rate * (1 - rate)) ** 0.5))
        return sum(source.random() < rate for _ in range(of))

    inside = 0
    for _ in range(300):
        rates = [(source.uniform(0.002, 0.006), "met"), (source.uniform(0.02, 0.06), "new"), (0.03, "new")]
        strata = tuple(
            Stratum(provider="x", group=group, addresses=addresses, bounced=bounced(known, rate), sent=known)
            for rate, group in rates
        )
        _, low, high = expected(7, 3 * addresses + 7, strata, 0.95)
        inside += low <= (7 + sum(bounced(addresses, rate) for rate, _ in rates)) / (3 * addresses + 7) <= high
    assert least <= inside / 300 <= 0.995


def test_a_part_of_which_nothing_is_known_may_be_all_or_nothing() -> None:
    assert expected(0, 100, (Stratum(provider="x", group="met", addresses=100, bounced=0, sent=0),), 0.95) == (0, 0, 1)


def test_mail_that_never_came_back_leaves_chance_to_a_short_list() -> None:
    never = Stratum(provider="gmail", group="new", addresses=100, bounced=0, sent=100)

    assert expected(0, 100, (never,), 0.95)[2] > wilson(0, 100, 0.95)[1]

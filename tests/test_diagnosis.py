"""Delivery is asked about before any word on content."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deliverability.diagnosis import MAX_AT_RISK, Cause, Risk, diagnose
from deliverability.events.figures import Counts, RatesFacts


def counts(sent: int, delivered: int, opened: int = 0, machine: int = 0, complained: int = 0) -> Counts:
    return Counts(sent=sent, delivered=delivered, opened=opened, opened_machine=machine, complained=complained)


def of(**providers: Counts) -> RatesFacts:
    names = ("sent", "delivered", "opened", "opened_machine", "opened_unknown", "complained")
    sums = {name: sum(getattr(one, name) for one in providers.values()) for name in names}
    return RatesFacts(totals=Counts(**sums), by_provider=providers)


def test_mail_that_does_not_arrive_is_the_first_cause() -> None:
    found = diagnose(of(gmail=counts(5_000, 4_000, 400), microsoft=counts(5_000, 4_990, 500)))

    assert found.cause is Cause.NOT_DELIVERED
    assert (found.sent, found.lost) == (10_000, 1_010)
    assert found.lost_low < 0.101 < found.lost_high
    assert [(place.name, place.risk, place.numerator) for place in found.at_risk] == [
        ("gmail", Risk.NOT_DELIVERED, 1_000)
    ]
    assert found.at_risk[0].rest == 10 / 5_000


def test_mail_that_arrives_and_is_left_at_one_provider_points_at_its_junk_folder() -> None:
    found = diagnose(of(gmail=counts(5_000, 4_990, 1_500), microsoft=counts(2_000, 1_995, 60)))

    assert found.cause is Cause.UNREAD_SOMEWHERE
    assert [(place.name, place.risk) for place in found.at_risk] == [("microsoft", Risk.UNREAD)]


def test_opens_that_a_machine_hides_are_no_sign_of_mail_left_unread() -> None:
    found = diagnose(of(gmail=counts(5_000, 4_990, 1_500), apple=counts(2_000, 1_995, 1_600, machine=1_500)))

    assert found.cause is Cause.ARRIVES
    assert found.at_risk == ()
    assert (found.read_low, found.read_high) == (1_600, 3_100)
    assert (found.left_low, found.left_high) == (6_985 - 3_100, 6_985 - 1_600)


def test_of_little_mail_at_a_place_nothing_is_said() -> None:
    found = diagnose(of(gmail=counts(5_000, 4_990, 1_500), tiny=counts(100, 20)))

    assert found.at_risk == ()


def test_one_campaign_that_is_left_unread_is_no_sign_of_a_junk_folder() -> None:
    gmail, dull = counts(5_000, 4_990, 1_500), counts(1_000, 998, 20)
    found = diagnose(RatesFacts(totals=gmail, by_provider={"gmail": gmail}, by_campaign={"dull": dull}))

    assert [(place.kind, place.risk) for place in found.at_risk] == [("campaign", Risk.UNREAD)]
    assert found.cause is Cause.ARRIVES


def test_complaints_past_their_line_are_a_risk_of_their_own() -> None:
    found = diagnose(of(yahoo=counts(5_000, 5_000, 900, complained=40), gmail=counts(5_000, 5_000, 900)))

    assert [(place.name, place.risk) for place in found.at_risk] == [("yahoo", Risk.COMPLAINTS)]


def test_little_mail_says_nothing() -> None:
    assert diagnose(of(gmail=counts(50, 10))).cause is Cause.TOO_LITTLE
    assert diagnose(RatesFacts()).cause is Cause.TOO_LITTLE


numbers = st.integers(0, 10_000)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.builds(
            Counts,
            **dict.fromkeys(("sent", "delivered", "opened", "opened_machine", "opened_unknown", "complained"), numbers),
        ),
        max_size=30,
    )
)
def test_figures_that_contradict_one_another_are_no_crash(places: dict[str, Counts]) -> None:
    totals = Counts(
        **{name: sum(getattr(one, name) for one in places.values()) for name in ("sent", "delivered", "opened")}
    )
    found = diagnose(RatesFacts(totals=totals, by_provider=places, by_campaign=places))

    assert 0 <= found.lost <= found.sent
    assert 0 <= found.left_low <= found.left_high
    assert len(found.at_risk) <= MAX_AT_RISK

"""Who is affected: what of the mail never arrived, what arrived and was left, at which places, and who is at risk."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, cast

from deliverability.diagnosis import AtRisk, Cause, Diagnosis, Risk, diagnose
from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.findings import Finding
from deliverability.rates import rate
from deliverability.reports.figures import between, given
from deliverability.reports.language import N_, _, ngettext
from deliverability.reports.rates import percent
from deliverability.reports.words import provider_name

QUADRANT = "engagement-quadrant"
"""The check whose finding places the providers."""

CAUSES: Mapping[Cause, tuple[str, str]] = {
    Cause.NOT_DELIVERED: (
        N_("Not delivered"),
        N_("So much of the mail never arrived that nothing can be said of its content before that is mended."),
    ),
    Cause.UNREAD_SOMEWHERE: (
        N_("Delivered, and unread at some providers"),
        N_("It arrives, and some providers' readers leave it: a spam folder is likelier than the subject line."),
    ),
    Cause.ARRIVES: (
        N_("Delivered alike everywhere"),
        N_("What people leave unread is a matter of the mail and of who gets it, not of its delivery."),
    ),
    Cause.TOO_LITTLE: (N_("Too little mail"), N_("There is too little mail to tell delivery from interest.")),
}
"""Cause → its name and what follows from it, before any word on content."""

RISKS: Mapping[Risk, str] = {
    Risk.NOT_DELIVERED: N_("not delivered"),
    Risk.UNREAD: N_("opened at most"),
    Risk.COMPLAINTS: N_("called spam"),
}
PLACES: Mapping[str, str] = {
    "provider": N_("mailbox provider"),
    "campaign": N_("campaign"),
    "stream": N_("stream"),
}
QUADRANTS: tuple[str, ...] = (
    N_("arrives and is read"),
    N_("arrives, is read less"),
    N_("arrives less, is read"),
    N_("arrives less, is read less"),
)
"""As `checks.engagement.QUADRANTS` names them, for the catalogue."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of what was sent: its label, its share or the bounds of it, and of how many."""

    label: str
    share: str
    of: str


@dataclass(frozen=True, slots=True)
class RootCause:
    """The split: not delivered, delivered and left, opened; and which of them to look at first."""

    cause: str
    text: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Danger:
    """One place at risk: what it is, what is wrong there, the share with its interval, and the rest to hold against."""

    kind: str
    name: str
    what: str
    share: str
    remark: str
    rest: str


@dataclass(frozen=True, slots=True)
class Placed:
    """One provider in the plane of delivery and engagement, as fractions of what was sent and what was delivered."""

    name: str
    delivered: float
    read_low: float
    read_high: float
    sent: int
    quadrant: str
    at_risk: bool


@dataclass(frozen=True, slots=True)
class Plane:
    """All placed providers, and where the lines between the quadrants lie: the shares of all mail."""

    delivered: float
    read: float
    places: Sequence[Placed]


@dataclass(frozen=True, slots=True)
class Affected:
    """What the page says of root cause and risk; `alike` counts what is past a line and no worse than the rest.

    `providers` are the ids of those among the dangers.
    """

    root: RootCause
    dangers: Sequence[Danger]
    alike: str = ""
    providers: frozenset[str] = frozenset()


def affected(audit: Audit) -> Affected | None:
    """The split and the places at risk; None without events, or where their figures cannot be read."""
    rates = given(audit).inputs.rates
    if rates is None:
        return None
    try:
        found = diagnose(rates)
        apart = [one for one in found.at_risk if _stands_out(one)]
        return Affected(
            root=_root(found),
            dangers=[_danger(one) for one in apart],
            alike=_alike(len(found.at_risk) - len(apart)),
            providers=frozenset(one.name for one in apart if one.kind == "provider"),
        )
    except (ValueError, ArithmeticError):  # counts that count nothing: somebody edited them, and the mail says so
        return None


def _stands_out(one: AtRisk) -> bool:
    """Whether to list it: a campaign or a stream that fares like all other mail says nothing of itself."""
    if one.kind == "provider" or one.rest is None:
        return True
    return one.high < one.rest if one.risk is Risk.UNREAD else one.low > one.rest


def _alike(number: int) -> str:
    if not number:
        return ""
    return ngettext(
        "{number} campaign or stream is past the line too, and fares like the rest of the mail.",
        "{number} campaigns and streams are past the line too, and fare like the rest of the mail.",
        number,
    ).format(number=number)


def _root(found: Diagnosis) -> RootCause:
    name, text = CAUSES[found.cause]
    lost = rate(found.lost, found.sent)
    parts = [
        Part(_("Not delivered"), percent(lost["value"]), _remark(between(lost), found.lost, found.sent)),
        Part(
            _("Delivered and not opened"),
            _bounds(found.left_low, found.left_high, found.sent),
            _counts(found.left_low, found.left_high, found.sent),
        ),
        Part(
            _("Opened by people"),
            _bounds(found.read_low, found.read_high, found.sent),
            _counts(found.read_low, found.read_high, found.sent),
        ),
    ]
    return RootCause(_(name), _(text), parts)


def _bounds(low: int, high: int, of: int) -> str:
    """`11.8–14.9 %`."""
    if low == high:
        return percent(rate(high, of)["value"])
    least, most = percent(rate(low, of)["value"]), percent(rate(high, of)["value"])
    return f"{least.removesuffix(' %')}–{most}"


def _counts(low: int, high: int, of: int) -> str:
    if low == high:
        return _("{number} of {total}").format(number=f"{low:,}", total=f"{of:,}")
    return _("{low} to {high} of {total}").format(low=f"{low:,}", high=f"{high:,}", total=f"{of:,}")


def _remark(interval: str, number: int, of: int) -> str:
    counted = _("{number} of {total}").format(number=f"{number:,}", total=f"{of:,}")
    return f"{interval} · {counted}" if interval else counted


def _danger(one: AtRisk) -> Danger:
    found = rate(one.numerator, one.denominator)
    return Danger(
        kind=_(PLACES.get(one.kind, one.kind)),
        name=provider_name(one.name) if one.kind == "provider" else one.name,
        what=_(RISKS[one.risk]),
        share=percent(found["value"]),
        remark=_remark(between(found), one.numerator, one.denominator),
        rest="–" if one.rest is None else percent(one.rest),
    )


def plane(findings: Sequence[Finding], at_risk: Container[str] = ()) -> Plane | None:
    """The providers by delivery and engagement, most mail first; None where no finding places any.

    `at_risk` has the ids of those that are marked: where they stand may be chance.

    The data of a finding may come from anybody: what is no share and no count is left out.
    """
    finding = next((f for f in findings if f.check == QUADRANT and f.data.get("providers")), None)
    if finding is None:
        return None
    rows = _mapping(finding.data["providers"])
    found = [_placed(name, row, at_risk=name in at_risk) for name, row in rows.items()]
    places = sorted((one for one in found if one), key=lambda one: (-one.sent, one.name))
    lines = _fraction(finding.data.get("delivered_share")), _fraction(finding.data.get("read_low"))
    if not places or lines[0] is None or lines[1] is None:
        return None
    return Plane(lines[0], lines[1], places)


def _placed(name: str, row: object, *, at_risk: bool) -> Placed | None:
    known = _mapping(row)
    delivered, low, high = (_fraction(known.get(key)) for key in ("delivered_share", "read_low", "read_high"))
    sent, quadrant = known.get("sent"), known.get("quadrant")
    if delivered is None or low is None or high is None or not isinstance(sent, int) or sent < 0:
        return None
    said = quadrant if isinstance(quadrant, str) else ""
    return Placed(provider_name(name), delivered, low, max(low, high), sent, said, at_risk)


def _fraction(value: object) -> float | None:
    """A share; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}

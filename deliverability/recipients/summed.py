"""What a scan and its marks add up to: the facts of the lists, cut to what a document carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from deliverability.recipients.addresses import Domain
from deliverability.recipients.facts import DEAD, MAX_LISTED, Listed, Mail, RecipientsFacts, Slip, Tally
from deliverability.recipients.history import Past
from deliverability.recipients.scan import Scan
from deliverability.recipients.settled import Marked, fates, history_of, largest, union


def summed(scan: Scan, marks: Marked, past: Past | None, slips: Sequence[Slip]) -> RecipientsFacts:
    """All of the facts but those of the files, and of what else the run was given."""
    domains = list(scan.places)
    mistyped = {slip.domain for slip in slips}
    # lists of disposable domains hold slips of large ones too, but whoever made the slip is a person
    throwaway = [domain for domain in domains if domain.disposable and domain.name not in mistyped]
    known = fates(scan, marks) if past else None
    dead = [domain for domain in domains if domain.mail in DEAD]
    return RecipientsFacts(
        rows=scan.row,
        empty=scan.empty,
        bad=scan.bad.total(),
        bad_reasons=dict(scan.bad.most_common()),
        addresses=scan.good,
        invalid=scan.invalid.total(),
        invalid_reasons=dict(scan.invalid.most_common()),
        invalid_lines=tuple(scan.invalid_lines),
        wrapped=scan.wrapped,
        international=scan.international,
        idn=sum(domain.addresses for domain in domains if domain.idn),
        unique=scan.good - marks.repeated.count,
        duplicates=marks.repeated.count,
        aliases=marks.aliased.count,
        domains=len(domains),
        by_provider=_by_provider(domains),
        mail=_by_mail(domains),
        dead=_listed(largest(dead, MAX_LISTED)),
        known_dead=sum(domain.addresses for domain in dead) + (known.gone.total() if known else 0),
        disposable=sum(domain.addresses for domain in throwaway),
        disposable_domains=_listed(largest(throwaway, MAX_LISTED)),
        role=scan.roles.total(),
        roles=dict(scan.roles.most_common(MAX_LISTED)),
        slips=tuple(slips[:MAX_LISTED]),
        slipped=sum(slip.addresses for slip in slips),
        slip_domains=len(slips),
        stopped=union(scan.row, marks.suppressed, marks.gone, marks.complained, marks.unsubscribed).count,
        history=history_of(past, marks, known, scan.row) if past and known else None,
    )


def _by_provider(domains: Sequence[Domain]) -> Mapping[str, int]:
    found = Counter[str]()
    for domain in domains:
        found[domain.provider] += domain.addresses
    return dict(found.most_common())


def _by_mail(domains: Sequence[Domain]) -> Mapping[str, Tally]:
    counts, addresses = Counter[str](), Counter[str]()
    for domain in domains:
        counts[domain.mail] += 1
        addresses[domain.mail] += domain.addresses
    return {mail: Tally(domains=counts[mail], addresses=addresses[mail]) for mail in sorted(counts)}


def _listed(domains: Sequence[Domain]) -> tuple[Listed, ...]:
    return tuple(Listed(domain=d.name, addresses=d.addresses, mail=Mail(d.mail).value) for d in domains)

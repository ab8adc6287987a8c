"""At which line of which file a finding is shown: that of the record, else that which declares the domain."""

from __future__ import annotations

from collections.abc import Callable

from deliverability.findings import Finding
from deliverability.policy.model import Place, Policy

LineOf = Callable[[str, str], tuple[str, int] | None]
"""Name and type of records → path and line of the first of them in a zone file; None where no file has them."""

_APEX = ("SOA", "NS", "MX", "TXT")
"""Types by which a zone file shows that it is about a domain, in the order in which its lines are looked for."""


class Places:
    """The lines of a policy and of zone files."""

    def __init__(self, policy: Policy, line_of: LineOf | None = None) -> None:
        self._policy = policy
        self._line_of = line_of
        self._head = Place(policy.path) if policy.path else None

    def of(self, domain: str, finding: Finding) -> Place | None:
        """Where `finding` is shown: at its record in a zone file, at the domain's declaration, at its zone's head.

        None where no file has anything of it.
        """
        shown = ((row.name, row.rdtype) for row in finding.evidence if row.rdtype)
        declared = self._policy.domains.get(domain)
        return (
            self._first(*shown)
            or (declared.place if declared else None)
            or self._first(*((domain, rdtype) for rdtype in _APEX))
            or self._head
        )

    def of_key(self, key: str) -> Place | None:
        """Where the policy has `key`; the first line of a policy that lacks it, None without a policy."""
        return self._policy.places.get(key) or self._head

    def _first(self, *records: tuple[str, str]) -> Place | None:
        if self._line_of is None:
            return None
        for name, rdtype in records:
            try:
                found = self._line_of(name, rdtype)
            except ValueError:  # the evidence of a stored audit may name anything
                continue
            if found is not None:
                return Place(*found)
        return None

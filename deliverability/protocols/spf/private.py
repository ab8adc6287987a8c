"""Questions that hold the local part of MAIL FROM: asked as SPF has it, and known by their macros everywhere else.

A bounce address mostly carries the recipient's, so that its local part may be in no document. `check_host` is therefore
run with names such as `%{l}._spf.example.com`; that is what is recorded, shown, and answered in a replay. `Telling`
stands below the recording and asks the name itself. The one who is asked learns the local part, as from any receiver.
"""

from __future__ import annotations

import re
from dataclasses import field, replace

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Answer, Resolver, Status, canonical_name, names_below
from deliverability.lookup.labels import to_labels
from deliverability.lookup.unasked import PrivateName
from deliverability.protocols.spf.macro import MacroContext, filled, placeholders, target_name

HELD_BACK = "holds the local part"
"""The source of the refusal that stands for an answer in which the local part itself is: that cannot be kept."""


@dataclass(frozen=True, slots=True)
class Telling:
    """As `base`, but for names with macros of the local part: those are asked with `local`, and answered without it."""

    base: Resolver
    sender_domain: str
    local: str = field(repr=False)

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """Answer one question under the name that it was asked by."""
        if not placeholders(name):
            return await self.base.resolve(name, rdtype, server=server, dnssec=dnssec)
        shown = canonical_name(name)
        real = self._real(shown)
        if real is None:  # RFC 7208 §4.8: what DNS cannot carry does not exist
            return Answer(name=shown, rdtype=rdtype, status=Status.NXDOMAIN)
        answer = await self.base.resolve(PrivateName.of(real, shown), rdtype, server=server, dnssec=dnssec)
        if self._is_in(answer):
            return Answer(name=shown, rdtype=rdtype, status=Status.REFUSED, source=HELD_BACK)
        # aliases may repeat the name's labels, and SPF has no use for them
        return replace(answer, name=shown, cname_chain=())

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """As `base`."""
        return names_below(self.base, name)

    def _real(self, shown: str) -> str | None:
        text = b".".join(to_labels(shown)).decode("ascii")
        context = MacroContext(domain="", sender_domain=self.sender_domain, local=self.local)
        return target_name(filled(text, context))

    def _is_in(self, answer: Answer) -> bool:
        """Whether records repeat the local part: as a whole word, since a short one is in every text."""
        if answer.rdtype in {"A", "AAAA"}:
            return False
        word = re.compile(rf"(?<![^\W_]){re.escape(self.local)}(?![^\W_])", re.IGNORECASE)
        return any(word.search(record) for record in answer.records)

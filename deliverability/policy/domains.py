"""`[domains."NAME"]`: what is known of a domain before anything is asked."""

from __future__ import annotations

from collections.abc import Callable

from deliverability.feedback.aggregate.sources import Inventory
from deliverability.findings import Role
from deliverability.names import InvalidDomain, helo_name, ip_address, selector_name, to_ascii
from deliverability.policy.model import DomainPolicy
from deliverability.policy.reader import Table, shown

KEYS = ("owner", "role", "senders", "selectors", "ips", "helo")
ROLES = ("auto", *(role.value for role in Role))


def read_domains(table: Table) -> dict[str, DomainPolicy]:
    """Every domain by its A-labels, in the order of the file."""
    found: dict[str, DomainPolicy] = {}
    for written, one in table.named():
        try:
            name = to_ascii(written)
        except InvalidDomain as error:
            one.reader.wrong(one.path, _hinted(str(error), one))
            continue
        if name in found:
            one.reader.wrong(one.path, f"{name} stands here twice: first in line {found[name].place.line}")
        found.setdefault(name, _domain(one, name))
    return found


def _hinted(what: str, table: Table) -> str:
    """A name with dots that is not in quotes is a table in a table."""
    bare = any(isinstance(value, dict) for value in table.values.values())
    return f'{what}; a name with dots goes in quotes: [domains."example.com"]' if bare else what


def _domain(table: Table, name: str) -> DomainPolicy:
    table.only(*KEYS)
    return DomainPolicy(
        name=name,
        owner=table.text("owner"),
        role=_role(table),
        senders=_each(table, "senders", _sender),
        selectors=_each(table, "selectors", selector_name),
        ips=_each(table, "ips", ip_address),
        helo=_helo(table),
        place=table.reader.place(table.path),
    )


def _role(table: Table) -> str:
    role = table.text("role", "auto")
    if role in ROLES:
        return role
    table.wrong("role", f"role is one of {', '.join(ROLES)}, not {shown(role)}", role, ROLES)
    return "auto"


def _each(table: Table, key: str, of: Callable[[str], str]) -> tuple[str, ...]:
    """A list of texts, each as `of` has it; complains of those that it refuses."""
    found: list[str] = []
    for number, text in enumerate(table.texts(key), start=1):
        try:
            found.append(of(text))
        except ValueError as error:
            table.reader.wrong((*table.path, key, number), str(error))
    return tuple(found)


def _sender(text: str) -> str:
    """What --declared takes. Raises ValueError."""
    return Inventory.of([text]).entries[0]


def _helo(table: Table) -> str | None:
    if "helo" not in table:
        return None
    try:
        return helo_name(table.text("helo"))
    except ValueError as error:
        table.wrong("helo", str(error))
        return None

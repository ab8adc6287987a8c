"""How an ARC chain is built (RFC 8617 §4.2, §5.2): its sets by instance, and what is wrong before any key is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from deliverability.fastclass import dataclass
from deliverability.mail.authenticate.facts import Field
from deliverability.mail.authenticate.split import RawField, field_name
from deliverability.mail.authenticate.tags import parse

MAX_INSTANCES = 50
"""RFC 8617 §5.1.1.1, §5.2 step 1: a longer chain has failed."""
RESULTS = "arc-authentication-results"

_KINDS = (RESULTS, Field.MESSAGE.value, Field.SEAL.value)
_INSTANCE = re.compile(r"i\s*=\s*([0-9]{1,3})\s*(?:;|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChainFields:
    """The chain's fields. `signatures` are what has to be verified: the newest message signature, then every seal.

    `sealed` are the fields that each instance's seal covers, in order, without the seal itself. `fault` in a word:
    `too_long`, `instance`, `incomplete`, `duplicate`, `status`, or `sealed_failure` where the newest seal says so.
    """

    instances: int = 0
    fault: str = ""
    signatures: tuple[tuple[Field, RawField], ...] = ()
    sealed: Mapping[int, tuple[RawField, ...]] = field(default_factory=dict[int, tuple[RawField, ...]])


def chain_of(fields: tuple[RawField, ...]) -> ChainFields:
    """The ARC chain of a message. Never raises."""
    sets = dict[int, dict[str, RawField]]()
    found = [(name, _instance(one[1]), one) for one in fields if (name := field_name(one)) in _KINDS]
    if not found:
        return ChainFields()
    newest = max(instance or 1 for _, instance, _ in found)
    for name, instance, one in found:
        if instance is None:
            return ChainFields(newest, "instance")
        if name in sets.setdefault(instance, {}):
            return ChainFields(newest, "duplicate")
        sets[instance][name] = one
    # RFC 8617 §5.2 step 1: more than fifty, step 3: each set whole, from 1 on without a gap
    if newest > MAX_INSTANCES:
        return ChainFields(newest, "too_long")
    if set(sets) != set(range(1, newest + 1)) or any(len(one) < len(_KINDS) for one in sets.values()):
        return ChainFields(newest, "incomplete")
    return _whole(sets)


def _whole(sets: dict[int, dict[str, RawField]]) -> ChainFields:
    newest = max(sets)
    statuses = {
        instance: parse(one[Field.SEAL.value][1]).values.get("cv", "").lower() for instance, one in sets.items()
    }
    fault = ""
    if statuses[newest] == "fail":
        fault = "sealed_failure"  # RFC 8617 §5.2 step 2
    elif any(statuses[instance] != ("none" if instance == 1 else "pass") for instance in sets):
        fault = "status"  # RFC 8617 §5.2 step 3
    order = tuple(one[kind] for _, one in sorted(sets.items()) for kind in _KINDS)
    seals = [(Field.SEAL, sets[instance][Field.SEAL.value]) for instance in range(newest, 0, -1)]
    sealed = {instance: order[: instance * len(_KINDS) - 1] for instance in sets}
    return ChainFields(newest, fault, ((Field.MESSAGE, sets[newest][Field.MESSAGE.value]), *seals), sealed)


def _instance(value: bytes) -> int | None:
    """RFC 8617 §4.2.1: i= comes first in the results field, and stands somewhere in the others."""
    for part in value.decode("latin-1").split(";"):
        match = _INSTANCE.fullmatch(part.strip())
        if match:
            number = int(match[1])
            return number or None
    return None

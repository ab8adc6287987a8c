"""One audit that asks all the questions of the truth file: `python full.py DOMAIN ADDRESS TRUTH OUTPUT`.

The truth file counts questions of families that are not built yet (DS, TLSA, block lists). So that the time is that of
all of them, they are asked beside the audit, through the same resolver, each as soon as its wave allows.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import deliverability.cli.audit as cli  # what the command loads is part of the time
from deliverability import api
from deliverability.lookup import LiveResolver, Resolver

if TYPE_CHECKING:
    from deliverability.document import Audit

_ = cli


async def rest(resolver: Resolver, waves: list[list[tuple[str, str]]]) -> None:
    """Ask wave after wave; what the audit asks as well is merged with it."""
    for wave in waves:
        await asyncio.gather(*(resolver.resolve(name, rdtype) for name, rdtype in wave))


async def audit(domain: str, address: str, waves: list[list[tuple[str, str]]]) -> Audit:
    """The audit of `domain`, with the other questions of `waves` asked beside it."""
    async with LiveResolver([address]) as resolver:
        audits, _nothing = await asyncio.gather(api.run(api.plan(domain), resolver), rest(resolver, waves))
    return audits[0]


def main(domain: str, address: str, truth: str, output: str) -> None:
    """Audit `domain` and write its document to `output`."""
    lines = map(json.loads, Path(truth).read_text().splitlines())
    waves = next(line["waves"] for line in lines if line["domain"] == domain)
    done = asyncio.run(audit(domain, address, waves))
    from deliverability.document import to_json

    Path(output).write_text(to_json(done))


if __name__ == "__main__":
    main(*sys.argv[1:])

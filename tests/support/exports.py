"""Zones as tools write them, in files that tests read as deliv does; Terraform's resources."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from deliverability.lookup import Answer, ZoneError, ZoneResolver

KEY = "v=DKIM1; k=rsa; p=" + "A" * 400
"""Longer than one string of a TXT record."""
Json = dict[str, Any]


def zone(folder: Path, name: str, content: str | Json) -> ZoneResolver:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return ZoneResolver.from_files([path])


def asked(zone: ZoneResolver, name: str, rdtype: str) -> Answer:
    return asyncio.run(zone.resolve(name, rdtype))


def records(zone: ZoneResolver, name: str, rdtype: str) -> tuple[str, ...]:
    return asked(zone, name, rdtype).records


def problem(folder: Path, name: str, content: str | Json) -> str:
    """What is said of a file that cannot be read, behind its name: one line."""
    with pytest.raises(ZoneError) as error:
        zone(folder, name, content)
    said = str(error.value)
    assert said.startswith(str(folder / name))
    assert "\n" not in said
    return said.removeprefix(str(folder / name)).removeprefix(":")


def resource(kind: str, *, mode: str = "managed", **values: Any) -> Json:
    return {"address": f"{kind}.it", "mode": mode, "type": kind, "name": "it", "values": values}


def state(*found: Json, **more: Any) -> Json:
    return {"format_version": "1.0", "values": {"root_module": {"resources": list(found)}}, **more}


AWS = resource("aws_route53_zone", zone_id="Z1", name="example.com", vpc=[])
CLOUDFLARE = resource("cloudflare_zone", id="c1", zone="example.com")
GOOGLE = resource("google_dns_managed_zone", name="main", dns_name="example.com.", visibility="public")

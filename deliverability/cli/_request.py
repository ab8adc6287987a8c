"""What is audited, and where the answers come from: the options that `audit` and `gate` share, read and checked."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from deliverability import api
from deliverability.cli._given import GIVEN, given_inputs, given_options
from deliverability.cli._inputs import Origin, origin_of, read_audit
from deliverability.cli._options import Decorator, option
from deliverability.cli._policy import judging_of, policy_at
from deliverability.cli._problem import Problem
from deliverability.cli._progress import watched
from deliverability.fastclass import dataclass
from deliverability.findings import Role
from deliverability.lookup.keyed import key_from_environment
from deliverability.policy.model import DomainPolicy, Policy

if TYPE_CHECKING:
    from deliverability.document import Audit

STORED = (
    *("selectors", "ips", "helo", "role", "blocklists", "dqs", "select", "ignore"),
    *("timeout", "resolver", "zone", "overlay"),
)
"""Options that a replay takes from the stored audit where the command line does not give them."""
RECORDED = {"resolver", "zone"}
"""Options that a replay takes from the stored audit in any case: its answers came from there."""


def request_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where answers come from, what is known of the sender, what the audit is given, and which checks run."""
    decorators: list[Decorator] = [
        option(
            "--resolver",
            multiple=True,
            metavar="ADDR",
            help="DNS server: 192.0.2.1, 192.0.2.1:5353, tls://…, https://…",
        ),
        option("--zone", multiple=True, metavar="FILE", help="Answer from zone files or exports only, no network."),
        option("--overlay", multiple=True, metavar="FILE", help="Lay proposed records over the published ones."),
        option("--replay", metavar="AUDIT.json", help="Repeat a stored audit, offline."),
        option("--selector", "selectors", multiple=True, metavar="S", help="A DKIM selector that is in use."),
        option("--ip", "ips", multiple=True, metavar="A", help="An address that sends: does SPF authorise it?"),
        option("--helo", metavar="NAME", help="The name that the sending server says in HELO."),
        option(
            "--role",
            type=click.Choice(["auto", *(r.value for r in Role)]),
            default="auto",
            help="What the domain is for.",
        ),
        option(
            "--blocklists", type=click.Choice(api.BLOCKLISTS), default="default", help="Which DNS block lists to ask."
        ),
        given_options,
        option("--select", multiple=True, metavar="GLOB", help="Run only these checks."),
        option("--ignore", multiple=True, metavar="GLOB", help="Leave these checks out."),
    ]
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


timeout_option = option(
    "--timeout",
    type=float,
    default=api.DEFAULT_TIMEOUT,
    metavar="S",
    help="Seconds for the DNS of a domain's audit; half of them at most for the domains of --recipients.",
)


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked for, by the command line and, in a replay, by the stored audit.

    `given` are the parameters of `given_options`, `asked` those of `request_options` and --timeout; `key` is that of
    the environment, for Spamhaus's lists; `policy` is that of --config, None without it.
    """

    stored: Audit | None
    given: dict[str, Any]
    asked: dict[str, Any]
    key: str | None
    policy: Policy | None = None


def asking_of(context: click.Context, replay: str | None, asked: dict[str, Any]) -> Asking:
    """Sort the options, and read the stored audit if there is one. Raises Problem."""
    stored = None if replay is None else read_audit(replay)
    given = {name: asked.pop(name) for name in GIVEN}
    key = None if stored or asked["zone"] else key_from_environment(os.environ)
    asked["dqs"] = key is not None
    policy = None if given["config"] is None else policy_at(given["config"])
    return Asking(stored, given, _restored(context, asked, stored) if stored else asked, key, policy)


def _restored(context: click.Context, asked: dict[str, Any], stored: Audit) -> dict[str, Any]:
    """Each option from the command line where it was given there and can be had, else from the stored audit."""
    given = {
        name
        for name in STORED
        if name not in RECORDED and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    return {name: asked[name] if name in given else stored.options.get(name, asked[name]) for name in STORED}


def prepared(asking: Asking, domains: Sequence[str], *, quiet: bool, retry_for: float = 0.0) -> tuple[api.Plan, Origin]:
    """Read what the audits are given, and check the whole request. Raises Problem.

    `retry_for`: seconds for which a live question that met a temporary failure is asked again.
    """
    stored, asked = asking.stored, dict(asking.asked)
    handed_over = {"ips": asked["ips"], "helo": asked["helo"], "retry_for": retry_for}
    handed_over["dns"] = None if stored else (asked["resolver"], asked["zone"])  # a replay asks nothing
    handed_over["seconds"] = for_lists = _for_lists(asked["timeout"])
    # a stored audit says itself what was known of its domain
    known = asking.policy.domains if asking.policy and stored is None else dict[str, DomainPolicy]()
    senders = {name: one.senders for name, one in known.items()}
    inputs, recorded = given_inputs(domains, asking.given | handed_over, stored, senders, quiet=quiet)
    sources = {name: list(asked.pop(name)) for name in ("resolver", "zone", "overlay")}
    if sources["zone"] and sources["resolver"] and stored is None:
        raise Problem(
            "--zone answers from files only and does not go with --resolver (--overlay lays records over DNS)"
        )
    # what a stored audit had laid over its answers is in those answers already
    laid_over = [] if stored and sources["overlay"] == stored.options.get("overlay") else sources["overlay"]
    origin = origin_of(sources["resolver"], sources["zone"], laid_over, stored, asking.key, retry_for=retry_for)
    vantage = stored.vantage if stored else {"resolvers": origin.servers}
    now = datetime.fromisoformat(stored.started_at) if stored else datetime.now(UTC)
    try:
        request = api.plan(
            domains,
            **asked,
            inputs=inputs,
            asked=sources | recorded,
            vantage=vantage,
            now=now,
            judging=judging_of(asking.policy, stored),
            known=known,
        )
    except ValueError as error:
        raise Problem(str(error)) from None
    if stored:  # a recording holds what came too late; the clock may not take away anything else
        return replace(request, timeout=math.inf), origin
    spent = for_lists if asking.given["recipients"] else 0.0
    return replace(request, timeout=request.timeout - spent), origin


def _for_lists(timeout: float) -> float:
    """Seconds of all that asking about the domains of lists may take. Raises Problem."""
    try:
        api.check_timeout(timeout)
    except ValueError as error:
        raise Problem(str(error)) from None
    return timeout * api.SHARE_BEFORE


async def carried_out(request: api.Plan, origin: Origin, *, progress: bool) -> tuple[list[Audit], list[Audit]]:
    """The audits of a request and, where records are proposed, those of what is published; closes `origin`.

    What they wait for stands on stderr where a person is watching.
    """
    try:
        async with watched(origin.resolver, sys.stderr, progress) as resolver:
            if origin.published is None:
                return await api.run(request, resolver), []
            # together, so that both keep within the time of one; what both ask, one resolver asks once
            before = api.run(_as_published(request), origin.published)
            audits, published = await asyncio.gather(api.run(request, resolver, origin.published), before)
            return audits, published
    finally:
        await origin.aclose()


def _as_published(request: api.Plan) -> api.Plan:
    """The same request without the proposed records."""
    setting = request.setting
    return replace(request, setting=replace(setting, options={**setting.options, "overlay": []}))

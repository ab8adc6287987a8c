"""Options that several commands share, worded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from deliverability.findings import FAULTS

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
LANGUAGES = ("en", "ko")
"""What --lang takes; a test holds it to `reports.language`, which is not loaded for English."""


def option(*names: str, **settings: Any) -> Decorator:
    """A click option that shows its default."""
    return click.option(*names, show_default=True, **settings)


def share_option(most: float) -> Decorator:
    """--max-bad-share, `most` where it is not given."""
    return option(
        "--max-bad-share",
        type=_Share(0, 1),
        default=most,
        metavar="SHARE",
        help="Exit 3 where more of the input than this cannot be read.",
    )


class _Share(click.FloatRange):
    """A range that holds numbers only: no share is past NaN, so with it as the bound nothing would be too much."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        share: float = super().convert(value, param, ctx)
        if share != share:  # noqa: PLR0124 - NaN alone is not itself
            self.fail("nan is not in the range 0<=x<=1.", param, ctx)
        return share


def fail_on_option(text: str = "Exit 1 on a fault this bad or worse.") -> Decorator:
    """--fail-on; `text` says what follows."""
    return option("--fail-on", type=click.Choice([one.value for one in FAULTS]), help=text)


def output_options(formats: Sequence[str]) -> Decorator:
    """--format, --output, --lang, --no-color."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        function = option("--no-color", is_flag=True, help="No colours.")(function)
        function = lang_option(function)
        function = option(
            "-o",
            "--output",
            "outputs",
            multiple=True,
            metavar="FILE",
            help="Write here instead, format by suffix; - is stdout.",
        )(function)
        return option("-f", "--format", "form", type=click.Choice(list(formats)), help="Format of the output.")(
            function
        )

    return add


def lang_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--lang. The command runs in the language; its function does not hear of it."""
    return option(
        "--lang",
        type=click.Choice(LANGUAGES),
        default="en",
        expose_value=False,
        callback=_speak,
        help="Language of what people read; data stay as they are.",
    )(function)


def _speak(context: click.Context, _parameter: click.Parameter, name: str) -> None:
    if name != LANGUAGES[0] and not context.resilient_parsing:
        from deliverability.reports.language import speaking  # noqa: PLC0415 - English does without

        context.with_resource(speaking(name))

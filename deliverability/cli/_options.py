"""Options that several commands share, worded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def option(*names: str, **settings: Any) -> Decorator:
    """A click option that shows its default."""
    return click.option(*names, show_default=True, **settings)


def output_options(formats: Sequence[str]) -> Decorator:
    """--format, --output, --no-color."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        function = option("--no-color", is_flag=True, help="No colours.")(function)
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

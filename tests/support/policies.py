"""Pieces of a `deliv.toml`, as text."""

from __future__ import annotations


def waived(check: str, subject: str = "s", *, until: str, reason: str = "r", owner: str = "o") -> str:
    """The six lines of a waiver; `until` stands there as it is given: 2026-12-31, or a text in its quotes."""
    said = {"check": check, "subject": subject, "reason": reason, "owner": owner}
    return "[[waivers]]\n" + "".join(f'{key} = "{value}"\n' for key, value in said.items()) + f"until = {until}\n"

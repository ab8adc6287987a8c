"""Other implementations, which our statistics are held to: imported when first used, by tests marked oracle."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Oracle:
    """A module of scipy or statsmodels; `make test` does not install them."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # pytest asks every object of a test file for its __wrapped__
        return getattr(import_module(self._module), name)

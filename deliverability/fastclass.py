"""`dataclass` for the frozen classes of this package, defined sixteen times as fast as the standard library does it.

The standard decorator writes and compiles six methods for every class, 1.3 ms each on the machine this was measured on
(Python 3.11), and a run of `deliv audit` defines a hundred classes before it can look at anything: more than all of its
round trips. Here the methods are ordinary functions that all classes share. Type checkers, `fields`, `replace` and
`asdict` see a standard dataclass; a test holds this one to it. `slots=True` is accepted and changes nothing.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

__all__ = ["dataclass"]


def _dataclass(cls: type | None = None, /, *, frozen: bool = False, **options: bool) -> Any:  # noqa: ANN401 - a class or a decorator
    """As `dataclasses.dataclass`; frozen classes get shared methods, others the standard ones."""
    make: Any = _frozen if frozen else dataclasses.dataclass

    def decorate(undecorated: type) -> type:
        made: type = make(undecorated, **options)
        return made

    return decorate if cls is None else decorate(cls)


def _frozen(cls: type, *, slots: bool = False, kw_only: bool = False) -> type:  # noqa: ARG001 - see the module's text
    made: Any = cast("Any", dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls))
    fields = dataclasses.fields(made)
    made._names_ = tuple(f.name for f in fields)
    made._fields_ = frozenset(made._names_)
    made._positional_ = tuple(f.name for f in fields if not f.kw_only)
    made._defaults_ = {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}
    made._factories_ = {f.name: f.default_factory for f in fields if f.default_factory is not dataclasses.MISSING}
    made._shown_ = tuple(f.name for f in fields if f.repr)
    made._compared_ = tuple(f.name for f in fields if f.compare)
    for method in (_init, _repr, _eq, _hash, _setattr, _delattr):
        setattr(made, f"_{method.__name__}__", method)
    return cls


def _init(self: Any, /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the fields of any class
    values = self.__dict__
    values.update(self._defaults_)
    values.update(zip(self._positional_, args, strict=False))
    values.update(kwargs)
    for name, make in self._factories_.items():
        if name not in values:
            values[name] = make()
    if (
        len(values) != len(self._names_)
        or not kwargs.keys() <= self._fields_
        or (args and _misplaced(self, args, kwargs))
    ):
        raise TypeError(_complaint(self, args, kwargs))


def _misplaced(self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:  # noqa: ANN401 - as above
    return len(args) > len(self._positional_) or not kwargs.keys().isdisjoint(self._positional_[: len(args)])


def _complaint(self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:  # noqa: ANN401 - as above
    given = {*self._positional_[: len(args)], *kwargs, *self._defaults_, *self._factories_}
    missing = [name for name in self._names_ if name not in given]
    unknown = sorted(kwargs.keys() - self._fields_)
    twice = sorted(kwargs.keys() & set(self._positional_[: len(args)]))
    return (
        f"{type(self).__qualname__}() takes {len(self._positional_)} positional arguments and got {len(args)}; "
        f"missing {missing}, unexpected {unknown}, given twice {twice}"
    )


def _repr(self: Any) -> str:  # noqa: ANN401 - as above
    shown = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self._shown_)
    return f"{type(self).__qualname__}({shown})"


def _compared(self: Any) -> tuple[Any, ...]:  # noqa: ANN401 - as above
    values = self.__dict__
    return tuple([values[name] for name in self._compared_])


def _eq(self: object, other: object) -> Any:  # noqa: ANN401 - or NotImplemented
    return _compared(self) == _compared(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: object) -> int:
    return hash(_compared(self))


def _setattr(self: object, name: str, value: object) -> None:  # noqa: ARG001 - the method's signature
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: object, name: str) -> None:  # noqa: ARG001 - the method's signature
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass

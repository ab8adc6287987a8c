"""Facts as JSON values and back, checked on the way back: what a document carries may have been written by anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
_SCALARS = frozenset({str, int, float, bool})


class NotThose(ValueError):
    """JSON values that are not the facts they are read as; one line that says where."""


def to_plain(value: object) -> Any:  # noqa: ANN401 - JSON's own types
    """A frozen value of dataclasses, mappings, tuples and scalars in JSON's own types."""
    if value is None or value.__class__ in _SCALARS:  # nearly always
        return value
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in cast("Sequence[object]", value)]
    return value


def from_plain(kind: type[T], plain: object) -> T:
    """`plain` as the dataclass `kind`, every field of the type that it is declared with.

    A field that `plain` lacks takes its default, and one that `kind` lacks is left out: both happen between versions.

    Raises:
        NotThose: A value has another type, or a field without a default is not there.
    """
    made: T = _value(kind, plain, kind.__name__)
    return made


def _value(kind: Any, plain: Any, where: str) -> Any:  # noqa: ANN401 - a type, and a value of it
    if plain.__class__ is kind and kind in _SCALARS:  # nearly always
        return plain
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return _one_of(inner, plain, where)
    if origin is tuple:
        return _items(inner, plain, where)
    if origin is Mapping:
        return _mapping(inner[1], _checked(dict, plain, where), where)
    if is_dataclass(kind):
        return _dataclass(cast("type", kind), _checked(dict, plain, where), where)
    if kind is float and isinstance(plain, int) and not isinstance(plain, bool):
        return float(plain)
    return _checked(kind, plain, where)


def _one_of(kinds: tuple[Any, ...], plain: Any, where: str) -> Any:  # noqa: ANN401 - as above
    if plain is None and NoneType in kinds:
        return None
    return _value(next(kind for kind in kinds if kind is not NoneType), plain, where)


def _items(kinds: tuple[Any, ...], plain: Any, where: str) -> tuple[Any, ...]:  # noqa: ANN401 - as above
    items = _checked(list, plain, where)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_value(kinds[0], item, f"{where}[{i}]") for i, item in enumerate(items))
    if len(kinds) != len(items):
        raise NotThose(f"{where} holds {len(items)} values in place of {len(kinds)}")
    return tuple(_value(one, item, f"{where}[{i}]") for i, (one, item) in enumerate(zip(kinds, items, strict=True)))


def _mapping(kind: Any, plain: dict[str, Any], where: str) -> dict[str, Any]:  # noqa: ANN401 - as above
    return {key: _value(kind, item, f"{where}[{key!r}]") for key, item in plain.items()}


def _dataclass(kind: type, plain: dict[str, Any], where: str) -> Any:  # noqa: ANN401 - as above
    hints = _hints(kind)
    values = {name: _value(hint, plain[name], f"{where}.{name}") for name, hint in hints.items() if name in plain}
    try:
        return kind(**values)
    except TypeError as error:
        raise NotThose(f"{where} lacks {', '.join(sorted(hints.keys() - values.keys()))}") from error


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _checked(kind: Any, plain: Any, where: str) -> Any:  # noqa: ANN401 - as above
    # JSON's true is an int to Python, and no count
    if not isinstance(plain, kind) or (isinstance(plain, bool) and kind is not bool):
        raise NotThose(f"{where} is {type(plain).__name__}, not {kind.__name__}")
    return plain

"""Our `dataclass` held to the standard library's."""

from __future__ import annotations

import copy
import dataclasses
import functools
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability import fastclass


def define(decorate: Callable[..., Any]) -> tuple[type, type]:
    """The same two classes by either decorator."""

    @decorate(frozen=True, slots=True)
    class Point:
        """Has every kind of field."""

        x: int
        y: str = "y"
        tags: list[int] = dataclasses.field(default_factory=list)
        source: str | None = dataclasses.field(default=None, compare=False)
        only: int = dataclasses.field(default=0, kw_only=True)
        key: str = dataclasses.field(default="secret", kw_only=True, repr=False)

        @property
        def double(self) -> int:
            return 2 * self.x

    @decorate(frozen=True, slots=True, kw_only=True)
    class Named:
        """All by name."""

        a: int
        b: int = 2

    return Point, Named


OURS, THEIRS = define(fastclass.dataclass), define(dataclasses.dataclass)

scalars = st.one_of(st.integers(-2, 2), st.text(max_size=2), st.none())
names = st.sampled_from(["x", "y", "tags", "source", "only", "key", "a", "b", "z"])
calls = st.tuples(st.lists(scalars, max_size=6), st.dictionaries(names, scalars, max_size=5))


def outcome(make: Callable[[], Any]) -> Any:
    """What a call gives, or the kind of error."""
    try:
        return make()
    except TypeError:
        return TypeError


@given(st.integers(0, 1), calls)
def test_a_call_makes_or_refuses_the_same(which: int, call: tuple[list[Any], dict[str, Any]]) -> None:
    args, kwargs = call
    ours, theirs = (outcome(functools.partial(classes[which], *args, **kwargs)) for classes in (OURS, THEIRS))

    if theirs is TypeError:
        assert ours is TypeError
    else:
        assert repr(ours) == repr(theirs)
        assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
        assert ours.__match_args__ == theirs.__match_args__
        assert copy.copy(ours) == ours


@given(scalars, scalars, scalars, scalars)
def test_equality_and_hash_follow_the_compared_fields(x: Any, y: Any, first: Any, second: Any) -> None:
    for left, right in ((OURS[0](x, y, (), first), OURS[0](y, x, (), second)),):
        theirs = THEIRS[0](x, y, (), first) == THEIRS[0](y, x, (), second)
        assert (left == right) == theirs
        assert (hash(left) == hash(right)) >= theirs
    assert OURS[0](x) != THEIRS[0](x)


def test_replace_and_fields_see_a_standard_dataclass() -> None:
    point = OURS[0](1, only=5)

    assert dataclasses.replace(point, y="z") == OURS[0](1, "z", only=5)
    assert [f.name for f in dataclasses.fields(point)] == [f.name for f in dataclasses.fields(THEIRS[0])]
    assert point.double == 2


def test_nothing_can_be_assigned_or_deleted() -> None:
    point = OURS[0](1)

    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x


def test_defaults_made_by_a_factory_are_not_shared() -> None:
    assert OURS[0](1).tags is not OURS[0](1).tags


@fastclass.dataclass(frozen=True)
class Kept:
    """Stands at module level, as pickle wants it."""

    x: int


def test_instances_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept(3))) == Kept(3)


def test_a_class_that_is_not_frozen_is_the_standard_one() -> None:
    @fastclass.dataclass(slots=True)
    class Open:
        x: int

    instance = Open(1)
    instance.x = 2
    assert instance == Open(2)

"""Computes the one value that the opcodes of a pickle leave.

A pickle is a program for a machine with a stack. This machine knows numbers, strings,
tuples, dictionaries and the parts of arrays, and has nothing that acts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import ArchiveUnreadable
from harness.model.fluid.pickle_parts import (
    GLOBALS,
    NESTED,
    Mark,
    build,
    decoded_length,
    make,
    refusal,
    string_length,
)

PUSH_ARGUMENT = frozenset(
    (
        *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
        *("BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    )
)
PUSH_CONSTANT = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
NOTHING_TO_DO = frozenset(("PROTO", "FRAME", "STOP"))


class _StackMark:
    """Where the operands of an opcode of any number begin."""


_MARK = _StackMark()


@dataclass(slots=True)
class PickleMachine:
    """Runs the opcodes that arrays need, on values that cannot act."""

    room_bytes: int  # that strings may still be turned into bytes of
    array_bytes: int  # that arrays may still have
    at: int = 0  # byte of the opcode
    _stack: list[Any] = field(default_factory=list)
    _memo: dict[int, Any] = field(default_factory=dict)

    def step(self, opcode: str, argument: Any) -> None:
        """Run one opcode.

        Raises:
            ArchiveUnreadable: it is none that arrays need, or its operands are not
                there or not what arrays are made of; names the byte.
        """
        if opcode in PUSH_ARGUMENT:
            self._stack.append(argument)
        elif opcode in PUSH_CONSTANT:
            self._stack.append(PUSH_CONSTANT[opcode])
        elif opcode in TUPLES:
            self._stack.append(tuple(self._take(TUPLES[opcode])))
        elif opcode in _STEPS:
            _STEPS[opcode](self, argument)
        elif opcode not in NOTHING_TO_DO:
            raise self._refusal(f"opcode {opcode}", "what numpy's arrays need")

    def result(self) -> Any:
        """Return the value that is left.

        Raises:
            ArchiveUnreadable: there is none, or more than one.
        """
        if len(self._stack) != 1:
            raise self._refusal("the end", "one value", len(self._stack))
        return self._stack[0]

    def _global(self, argument: Any) -> None:
        module, _, name = argument.partition(" ")  # as pickletools joins them
        self._push_global(module, name)

    def _stack_global(self, _: Any) -> None:
        module, name = self._take(2)
        if type(module) is not str or type(name) is not str:
            raise self._refusal("a global", "two names")
        self._push_global(module, name)

    def _push_global(self, module: str, name: str) -> None:
        mark = GLOBALS.get((module, name))
        if mark is None and (module, name) in NESTED:
            raise ArchiveUnreadable(
                f"byte {self.at}: tensors in a dictionary in the dictionary",
                expected="the arrays themselves, by name",
                next_step="save the inner one again: paddle.save(state['model'], ...)",
            )
        if mark is None:
            raise self._refusal(
                f"global {module} {name}",
                "what rebuilds numpy's arrays, and nothing else",
            )
        self._stack.append(mark)

    def _mark(self, _: Any) -> None:
        self._stack.append(_MARK)

    def _tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._take_to_mark()))

    def _empty_dict(self, _: Any) -> None:
        self._stack.append({})

    def _set_item(self, _: Any) -> None:
        self._set(self._take(2))

    def _set_items(self, _: Any) -> None:
        self._set(self._take_to_mark())

    def _set(self, flat: list[Any]) -> None:
        (into,) = self._take(1)
        if type(into) is not dict or len(flat) % 2:
            raise self._refusal("an item", "names and values in a dictionary")
        self._stack.append(into)
        for name, value in zip(flat[::2], flat[1::2], strict=True):
            if type(name) is not str:
                raise self._refusal("a key", "a name", type(name).__name__)
            if name in into:
                raise self._refusal(f"{name} is there twice", "each variable once")
            into[name] = value

    def _put(self, argument: Any) -> None:
        (value,) = self._take(1)
        self._stack.append(value)
        self._memo[argument] = value

    def _memoize(self, _: Any) -> None:
        self._put(len(self._memo))

    def _get(self, argument: Any) -> None:
        if argument not in self._memo:
            raise self._refusal(f"memo {argument}", "a value put there before")
        self._stack.append(self._memo[argument])

    def _reduce(self, _: Any) -> None:
        called, arguments = self._take(2)
        if type(arguments) is not tuple or not isinstance(called, Mark):
            raise self._refusal("a call", "one of numpy's", type(called).__name__)
        if called is Mark.ENCODE and arguments:
            self._take_room(arguments[0])
        self._stack.append(make(called, arguments, at=self.at))

    def _build(self, _: Any) -> None:
        made, state = self._take(2)
        if type(state) is tuple and state:
            self._take_room(state[-1])
            # Each array has bytes of its own in the file: one string that is named by
            # many would be copied, or at least looked through, for each of them.
            self.array_bytes -= string_length(state[-1])
            if self.array_bytes < 0:
                raise self._refusal("values of arrays", "no more than the file has")
        build(made, state, at=self.at)
        self._stack.append(made)

    def _take_room(self, string: Any) -> None:
        """Refuse one string, named again and again: it would fill the memory."""
        self.room_bytes -= decoded_length(string)
        if self.room_bytes < 0:
            raise self._refusal("values of arrays", "no more than the file has")

    def _take(self, count: int) -> list[Any]:
        taken = self._stack[-count:]
        if len(taken) < count or any(one is _MARK for one in taken):
            raise self._refusal("an opcode", f"{count} operands", "fewer")
        del self._stack[-count:]
        return taken

    def _take_to_mark(self) -> list[Any]:
        for place in range(len(self._stack) - 1, -1, -1):
            if self._stack[place] is _MARK:
                taken = self._stack[place + 1 :]
                del self._stack[place:]
                return taken
        raise self._refusal("an opcode", "operands after a mark", "no mark")

    def _refusal(
        self, what: str, expected: str, got: object | None = None
    ) -> ArchiveUnreadable:
        return refusal(what, expected, got, at=self.at)


_STEPS: Mapping[str, Callable[[PickleMachine, Any], None]] = {
    "GLOBAL": PickleMachine._global,
    "STACK_GLOBAL": PickleMachine._stack_global,
    "MARK": PickleMachine._mark,
    "TUPLE": PickleMachine._tuple,
    "EMPTY_DICT": PickleMachine._empty_dict,
    "SETITEM": PickleMachine._set_item,
    "SETITEMS": PickleMachine._set_items,
    "BINPUT": PickleMachine._put,
    "LONG_BINPUT": PickleMachine._put,
    "MEMOIZE": PickleMachine._memoize,
    "BINGET": PickleMachine._get,
    "LONG_BINGET": PickleMachine._get,
    "REDUCE": PickleMachine._reduce,
    "BUILD": PickleMachine._build,
}

#: All that it runs. Of any other not even the argument is read.
KNOWN_OPCODES = frozenset(
    (*PUSH_ARGUMENT, *PUSH_CONSTANT, *TUPLES, *_STEPS, *NOTHING_TO_DO)
)

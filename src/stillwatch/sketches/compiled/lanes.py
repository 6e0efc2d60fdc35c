"""Sixty-four bytes at once: comparisons of a block of text as bit masks, and what goes with them.

LLVM turns each into the widest vector instructions that the machine has; there is no machine on which they fail.

Source: Langdale and Lemire 2019, Parsing gigabytes of JSON per second (bit masks in place of branches a byte).
"""

# ruff: noqa: ARG001 - an intrinsic names its arguments for numba, which hands their values to its code generator

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

BLOCK: Final = 64  # bytes; a mask of one is one integer

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)
_VECTOR: Final = ir.VectorType(_BYTE, BLOCK)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any, pointee: ir.Type) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), pointee.as_pointer())


def _splat(builder: Any, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), BLOCK), [0] * BLOCK)
    return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), places)


@intrinsic  # type: ignore[untyped-decorator]
def in_range(_: Any, data: Any, at: Any, low: Any, high: Any) -> Any:
    """Return which of the 64 bytes from ``at`` on lie between two bytes, both included: bit i for byte i."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        block = builder.load(_pointer(context, builder, signature.args[0], args[0], args[1], _VECTOR), align=1)
        above = builder.sub(block, _splat(builder, args[2]))
        width = _splat(builder, builder.sub(args[3], args[2]))
        return builder.bitcast(builder.icmp_unsigned("<=", above, width), _WORD)

    return types.uint64(data, types.int64, types.uint8, types.uint8), codegen


@intrinsic  # type: ignore[untyped-decorator]
def copy_block(_: Any, out: Any, to: Any, data: Any, at: Any) -> Any:
    """Write the 64 bytes from ``at`` on to ``out``, from ``to`` on."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        block = builder.load(_pointer(context, builder, signature.args[2], args[2], args[3], _VECTOR), align=1)
        builder.store(block, _pointer(context, builder, signature.args[0], args[0], args[1], _VECTOR), align=1)
        return context.get_dummy_value()

    return types.none(out, types.int64, data, types.int64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def copy_lower(_: Any, out: Any, data: Any, at: Any) -> Any:
    """Write the 64 bytes from ``at`` on to the same place of ``out``, ASCII capitals as small letters."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        block = builder.load(_pointer(context, builder, signature.args[1], args[1], args[2], _VECTOR), align=1)
        above = builder.sub(block, _splat(builder, ir.Constant(_BYTE, ord("A"))))
        is_capital = builder.icmp_unsigned("<=", above, _splat(builder, ir.Constant(_BYTE, 25)))
        lower = builder.add(block, _splat(builder, ir.Constant(_BYTE, 32)))
        place = _pointer(context, builder, signature.args[0], args[0], args[2], _VECTOR)
        builder.store(builder.select(is_capital, lower, block), place, align=1)
        return context.get_dummy_value()

    return types.none(out, data, types.int64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def word_at(_: Any, data: Any, at: Any) -> Any:
    """Return the eight bytes from ``at`` on as a little-endian integer."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, signature.args[0], args[0], args[1], _WORD), align=1)

    return types.uint64(data, types.int64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def lowest(_: Any, mask: Any) -> Any:
    """Return the place of the lowest bit of a mask that is not 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        del context, signature
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def add_row(_: Any, sums: Any, table: Any, row: Any) -> Any:
    """Add 16 numbers of a byte each, those of one row of a table that lies in a row, to 16 sums."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        small, large = ir.VectorType(_BYTE, 16), ir.VectorType(ir.IntType(32), 16)
        first = builder.mul(args[2], ir.Constant(_WORD, 16))
        numbers = builder.load(_pointer(context, builder, signature.args[1], args[1], first, small), align=1)
        place = _pointer(context, builder, signature.args[0], args[0], ir.Constant(_WORD, 0), large)
        total = builder.add(builder.load(place, align=4), builder.sext(numbers, large))
        builder.store(total, place, align=4)
        return context.get_dummy_value()

    return types.none(sums, table, types.int64), codegen

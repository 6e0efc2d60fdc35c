"""Which rows gave a number, as text that a reader understands and a program can apply again.

A selection is clauses joined by commas: ``column = "text"``, ``column = null``, ``column != null``,
``column < number``. Text is quoted as in JSON, so that no value can pass
for another clause. A null counts as less than any number.
"""

import json
import re
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import InputError

CLAUSE: Final = re.compile(r'(\w+) (=|!=|<) ("(?:[^"\\]|\\.)*"|null|\d+)(?:, |$)')


def clause(column: str, value: str | None) -> str:
    """Return the clause that a column has a value."""
    return f"{column} = {'null' if value is None else json.dumps(value, ensure_ascii=False)}"


def of_campaign(campaign_id: str, *more: str) -> str:
    """Return the selection of a campaign's rows, with further clauses."""
    return ", ".join([clause("campaign_id", campaign_id), *more])


def select(table: pa.Table, selection: str) -> pa.Table:
    """Return the rows of a table that a selection names.

    Raises:
        InputError: the selection is none, or names a column that the table lacks.
    """
    at = 0
    while at < len(selection):
        match = CLAUSE.match(selection, at)
        if match is None or match[1] not in table.column_names:
            raise InputError("selection", "cannot be applied", got=selection[at : at + 60], expected='column = "text"')
        at = match.end()
        table = table.filter(_mask(table[match[1]], match[2], json.loads(match[3])))
    return table


def _mask(column: pa.ChunkedArray, relation: str, value: Any) -> pa.ChunkedArray:
    if relation == "<":
        return pc.less(pc.fill_null(column, value - 1), value)
    if value is None:
        return pc.is_null(column) if relation == "=" else pc.is_valid(column)
    return pc.fill_null(pc.equal(column, value), fill_value=False)


def entry_of(plain: Any, path: str) -> Any:
    """Return the entry of a plain JSON document that a path names, as far as it leads.

    A path is names joined by dots; ``list[key = value]`` is the item of a list whose key has that value.
    """
    node, rest = plain, path
    while rest:
        name = re.match(r"\w+", rest)
        if name is None or not isinstance(node, dict) or name[0] not in node:
            return node
        node, rest = node[name[0]], rest[name.end() :]
        key = re.match(r"\[(\w+) = ", rest)
        if key is not None and isinstance(node, list):
            items = [(one, f"[{key[1]} = {one.get(key[1])}]") for one in node if isinstance(one, dict)]
            found = next(((one, mark) for one, mark in items if rest.startswith(mark)), None)
            if found is None:
                return node
            node, rest = found[0], rest[len(found[1]) :]
        rest = rest.removeprefix(".")
    return node

"""The annexes: the register of numbers, the accounts, and what the dossier was made from."""

from collections.abc import Iterator
from typing import Final

from stillwatch.dossiers.dossier import Dossier
from stillwatch.dossiers.number import Number
from stillwatch.dossiers.render import numbers
from stillwatch.dossiers.render.dossier.blocks import Block, Column, Heading, Paragraph, Spans, Table, Value, Words
from stillwatch.dossiers.render.dossier.weighed import member_table
from stillwatch.dossiers.render.dossier.words import Speaker, interval_words, value, words, words_of

LISTED: Final = 400  # accounts in a rendering; the document has all of them


def annexes(dossier: Dossier, speak: Speaker) -> Iterator[Block]:
    """Yield the annexes."""
    del speak
    yield Heading(2, words("Annex A: register of numbers"), "numbers")
    yield Table(
        "Every number, by its print number",
        (Column("No.", is_number=True), Column("Reference", width=5), Column("Value", is_number=True, width=2), Column("How, and "
         "how uncertain", width=7), Column("Rows", width=5)),
        tuple(
            (words(str(i)), (*value(number.ref, is_code=True), Words(": "), Value(number.title)), words(words_of(number)),
             _how(number), _rows(number))
            for i, number in enumerate(dossier.numbers, 1)
        ),
        "register",
        tuple(f"n-{i}" for i in range(1, len(dossier.numbers) + 1)),
    )  # fmt: skip
    yield Heading(2, words("Annex B: accounts"), "accounts")
    members = dossier.observation.members
    yield member_table("Accounts of the campaign, the most firmly tied first", members[:LISTED])
    if len(members) > LISTED:
        yield Paragraph(words(f"And {numbers.count(len(members) - LISTED)} more, in dossier.json."), "note")
    yield Heading(2, words("Annex C: what this was made from"), "sources")
    yield Table(
        "Files",
        (Column("File", width=3), Column("Kind"), Column("Bytes", is_number=True), Column("SHA-256", width=6)),
        tuple(
            (value(one.name), words(one.kind), words(numbers.count(one.n_bytes)), value(one.sha256, is_code=True))
            for one in dossier.sources
        ),
    )
    settings = "; ".join(f"{name} = {setting}" for name, setting in dossier.settings)
    yield Paragraph(
        (Words("Settings of the scan: "), Value(settings or "not in the case"), Words(". Weights: "), Value(dossier.weights),
         Words(". Sketches' key: "), Value(dossier.key_id, is_code=True), Words("."))
    )  # fmt: skip


def _how(number: Number) -> tuple[Spans, ...]:
    found: list[Spans] = [value(number.method)]
    if number.interval is not None:
        level = "" if number.interval.level == 0 else f"{number.interval.level:.0%} interval "
        found.append((Words(level + interval_words(number) + ": "), Value(number.interval.method)))
    if number.note:
        found.append(value(number.note))
    return tuple(found)


def _rows(number: Number) -> tuple[Spans, ...]:
    rows = number.rows
    where: Spans = (Value(rows.file, is_code=True), Words(" where "), Value(rows.selection or "all rows"))
    columns: Spans = (Words(f"{numbers.count(rows.n_rows)} rows; columns "), Value(", ".join(rows.columns)))
    needs: tuple[Spans, ...] = ((Words("behind them: "), Value(", ".join(number.needs))),) if number.needs else ()
    return (where, columns, *needs)

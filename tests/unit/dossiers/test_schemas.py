"""The published schemas: real documents fit them, broken ones do not, and they say the same as the code."""

import dataclasses
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from example_case import PLANS, make_case

from stillwatch.dossiers import case as case_module
from stillwatch.dossiers import decided, drawn
from stillwatch.dossiers.decided import DeskStatus, LeftOut
from stillwatch.dossiers.document import from_json, to_json
from stillwatch.dossiers.render.html import render_html
from stillwatch.dossiers.schemas import NAMES, schema
from stillwatch.dossiers.tables import TABLES
from stillwatch.errors import OutputError

GOLDEN = Path(__file__).parents[2] / "golden" / "case"


def _validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(name), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_a_schema(name: str) -> None:
    """Every published file is itself valid under draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_written_case_fits_its_schema() -> None:
    """What ``to_json`` writes validates, with every kind of group in it."""
    _validator("campaigns").validate(json.loads(to_json(make_case(n_listed=30))))


def test_empty_case_fits_its_schema() -> None:
    """A case without traffic or groups validates."""
    case = dataclasses.replace(make_case(()), first_seen_at=None, last_seen_at=None)
    _validator("campaigns").validate(json.loads(to_json(case)))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "dossier"])
def test_golden_documents_fit(name: str) -> None:
    """The example documents validate; a file of rows holds a list of them."""
    document = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    rows = document if isinstance(document, list) else [document]
    assert rows
    for row in rows:
        _validator(name).validate(row)


def test_schema_has_the_fields_of_the_code() -> None:
    """Each object of the schema has exactly the fields of its dataclass; those without a default are required."""
    published = schema("campaigns")
    objects = {**published["$defs"], "Case": published}
    kinds = {**vars(drawn), **vars(decided), **vars(case_module)}
    for name, described in objects.items():
        fields = dataclasses.fields(kinds[name])
        assert list(described["properties"]) == [field.name for field in fields]
        assert described["required"] == [field.name for field in fields if field.default is dataclasses.MISSING]


def test_decided_case_fits_its_schema() -> None:
    """What analysts decided about a group validates, comes back equal, and stands nowhere else."""
    case = make_case((PLANS[0], PLANS[2]), n_listed=5)
    account = case.campaigns[0].accounts[0]
    left_out = LeftOut(account, "ada", case.campaigns[0].first_seen_at, "a known customer")
    desk = DeskStatus(
        "reopened", "ada", left_out.at, "a classroom", "c-1", 0.5, ("12 members are new.",), (left_out,), ("c-2",),
        ((account,),), None,
    )  # fmt: skip
    held = dataclasses.replace(case, campaigns=(dataclasses.replace(case.campaigns[0], desk=desk), case.campaigns[1]))
    document = to_json(held)
    _validator("campaigns").validate(json.loads(document))
    assert from_json(document) == held
    assert ["desk" in campaign for campaign in json.loads(document)["campaigns"]] == [True, False]


def _with_story(**changed: Any) -> case_module.Case:
    case = make_case((PLANS[0], PLANS[2]), n_listed=5)
    event = decided.LifecycleEvent("2026-03-02", "split", "60 <b>accounts</b> of 120", 60, ("c-2",))
    story = decided.Lifecycle("active", "2026-03-01", "2026-03-02", 1234, ("c-0",), (), (event,))
    first = dataclasses.replace(case.campaigns[0], lifecycle=dataclasses.replace(story, **changed))
    return dataclasses.replace(case, campaigns=(first, case.campaigns[1]))


def test_case_with_a_story_fits_its_schema() -> None:
    """A campaign's story from day to day validates, comes back equal, and older documents without one are read."""
    case = _with_story()
    document = to_json(case)
    _validator("campaigns").validate(json.loads(document))
    assert from_json(document) == case
    assert ["lifecycle" in campaign for campaign in json.loads(document)["campaigns"]] == [True, False]


@pytest.mark.parametrize("changed", [{"status": "gone"}, {"accused_on": "2 March"}])
def test_a_story_that_breaks_its_schema_is_refused(changed: dict[str, str]) -> None:
    """An unknown status and a day in words are written into no document."""
    with pytest.raises(OutputError, match="lifecycle"):
        to_json(_with_story(**changed))


def test_a_story_is_told_in_the_report() -> None:
    """The report tells each event, with what the log may have put into it made harmless."""
    page = render_html(_with_story())
    assert "From day to day" in page
    assert "1,234 exchanges" in page
    assert "<b>accounts" not in page
    assert "From day to day" not in render_html(make_case((PLANS[0],), n_listed=5))


@pytest.mark.parametrize("name", TABLES)
def test_row_schemas_have_the_columns_of_the_tables(name: str) -> None:
    """Names, order and nullability of the columns agree with the Arrow schema."""
    described = schema(name)
    assert list(described["properties"]) == TABLES[name].names
    for field in TABLES[name]:
        kinds = described["properties"][field.name]["type"]
        assert ("null" in kinds if isinstance(kinds, list) else False) == field.nullable


@pytest.mark.parametrize("name", TABLES)
def test_golden_rows_fit_the_arrow_schema(name: str) -> None:
    """The example rows make an Arrow table of the schema and come back equal."""
    rows = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    kinds = {field.name: field.type for field in TABLES[name]}
    typed = [{key: _of_kind(value, kinds[key]) for key, value in row.items()} for row in rows]
    assert pa.Table.from_pylist(typed, schema=TABLES[name]).to_pylist() == typed


def _of_kind(value: Any, kind: pa.DataType) -> Any:
    """A JSON value as the table holds it: times and days are strings in JSON."""
    if value is None:
        return None
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if pa.types.is_date(kind) else value


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(surprise=1),
        lambda d: d.pop("key_id"),
        lambda d: d.update(first_seen_at="2026-07-01"),
        lambda d: d["campaigns"][0].update(p_value=2),
        lambda d: d["campaigns"][0]["timeline"].update(hour_of_week=[1]),
        lambda d: d["funnel"].update(read=-1),
    ],
)
def test_broken_case_does_not_fit(change: Any) -> None:
    """The schema refuses what the code refuses."""
    plain = json.loads(to_json(make_case((PLANS[2],), n_listed=5)))
    change(plain)
    assert not _validator("campaigns").is_valid(plain)

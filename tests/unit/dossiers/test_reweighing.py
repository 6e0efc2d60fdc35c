"""Weighing a case again gives what the scan gave, sampling errors included."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_folder import CAMPAIGN, SEEN, WEIGHTS, make_folder

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.hypothesis import released_weights, weigh
from stillwatch.assessments.observation import Observation
from stillwatch.assessments.sampling_error import SamplingError
from stillwatch.assessments.uncertainty import SHARES
from stillwatch.dossiers.freezing.case_folder import open_case
from stillwatch.dossiers.freezing.inferred import read_model
from stillwatch.dossiers.freezing.reweighing import Scales
from stillwatch.dossiers.tables import OBSERVATIONS


def posteriors(errors: dict[str, SamplingError]) -> dict[str, float]:
    """Return what the weighing gives on the example's values with these errors."""
    observations = {
        name: Observation(kind, SEEN.get(name, (None,))[0], None, error=errors.get(name))
        for name, kind in KINDS.items()
    }
    return {item.name: item.posterior for item in weigh(released_weights(WEIGHTS), observations)}


@pytest.mark.parametrize("n", [None, 12.0])
def test_a_case_is_weighed_again_with_the_errors_that_it_keeps(tmp_path: Path, n: float | None) -> None:
    """Shares of twelve accounts weigh as shares of twelve do, those of a case without errors as if exact."""
    path = make_folder(tmp_path / "case")
    table = pq.read_table(path / "observations.parquet")
    rows = [{**row, "n_effective": n if row["unit"] in SHARES else None} for row in table.to_pylist()]
    if n is None:  # as a case of an earlier version has it
        kept = [name for name in OBSERVATIONS.names if name not in {"n_effective", "standard_error"}]
        pq.write_table(table.select(kept), path / "observations.parquet")
    else:
        pq.write_table(pa.Table.from_pylist(rows, OBSERVATIONS), path / "observations.parquet")
    case = open_case(path, CAMPAIGN)
    found = Scales(case, read_model(WEIGHTS)).without(()).posteriors
    errors = {row["observation"]: SamplingError(row["n_effective"], None) for row in rows if row["n_effective"]}
    assert bool(errors) == bool(n)
    assert found == pytest.approx(posteriors(errors))
    assert (posteriors(errors) == posteriors({})) == (n is None)

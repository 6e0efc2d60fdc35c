"""Write the golden dossier anew; run it after a change that is meant, and review the difference.

PYTHONPATH=src:tests/unit/dossiers python tests/golden/dossier/refresh.py
"""

import json
import tempfile
from pathlib import Path

from example_dossier import golden

from stillwatch.dossiers.dossier import SCHEMA_NAME, Dossier
from stillwatch.dossiers.dossier_document import dossier_to_json
from stillwatch.dossiers.render.dossier.markdown import render_dossier_markdown
from stillwatch.dossiers.schema_of import schema_of

HERE = Path(__file__).parent
SCHEMA = HERE.parents[2] / "src/stillwatch/dossiers/schemas/dossier.json"

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        dossier = golden(Path(folder))
    (HERE / "dossier.json").write_bytes(dossier_to_json(dossier))
    (HERE / "dossier.md").write_text(render_dossier_markdown(dossier), encoding="utf-8")
    made = schema_of(Dossier, "urn:stillwatch:schema:dossier:1", "dossier.json", {"schema": SCHEMA_NAME})
    SCHEMA.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")

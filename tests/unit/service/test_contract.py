"""The JSON twins against their own OpenAPI: whatever is asked, the answer is a documented one of its schema."""

import re
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from planted_case import client_of
from scanned_world import Scanned
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

HOST = {"Host": "127.0.0.1:8377"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LEAST_OPERATIONS = 14  # the console's reading views
BOUNDED = settings(
    max_examples=10,  # an operation: the whole run stays within seconds
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def client(scanned: Scanned) -> TestClient:
    """A read-only console on the scanned world."""
    return client_of(scanned.case)


@pytest.fixture(scope="module")
def known(client: TestClient) -> dict[str, list[str]]:
    """Ids that are there, by the name of their parameter, so that not every request ends at a missing one."""
    group = client.get("/campaigns.json").json()["rows"][0]["id"]
    accounts = [row["account_id"] for row in client.get(f"/campaigns/{group}/members.json").json()["rows"]][:3]
    account = client.get(f"/accounts/{accounts[0]}.json").json()
    families = [family["family_id"] for family in account["families"]][:2]
    values = [value["value"] for value in account["values"] if value["kind"] == "ip"][:2]
    return {
        "/campaigns/": [group],
        "/accounts/": accounts,
        "/pairs/": accounts,
        "/families/": families or ["f-0"],
        "/values/": [*values, "ip"],
    }


def test_answers_are_as_described(client: TestClient, known: dict[str, list[str]]) -> None:
    """No generated request makes the server fail; status, type and body are always those that are documented."""
    api = schemathesis.openapi.from_asgi("/openapi.json", client.app, headers=HOST)
    statuses: dict[str, set[int]] = {}

    def check(operation: Any) -> None:
        ids = next((found for prefix, found in known.items() if operation.path.startswith(prefix)), None)

        @BOUNDED
        @given(case=operation.as_strategy(), data=st.data())
        def ask(case: Any, data: st.DataObject) -> None:
            if ids and data.draw(st.booleans()):
                case.path_parameters = {name: data.draw(st.sampled_from(ids)) for name in case.path_parameters}
            answer = case.call(headers=HOST)
            case.validate_response(answer, checks=CHECKS)
            statuses.setdefault(operation.label, set()).add(answer.status_code)

        ask()
        if ids:
            path = re.sub(r"\{\w+\}", "{}", operation.path).format(*(ids * 3)[: operation.path.count("{")])
            statuses[operation.label].add(client.get(path, headers=HOST).status_code)

    for found in api.get_all_operations():
        check(found.ok())
    assert len(statuses) >= LEAST_OPERATIONS
    reading = {label: seen for label, seen in statuses.items() if "/campaigns/{slug}" in label or "accounts" in label}
    assert all(200 in seen for seen in reading.values()), reading

"""Make the texts that ship with ``stillwatch.worlds`` from a folder of corpora.

Usage: ``python bench/build_corpora.py SOURCE_FOLDER [TARGET_FOLDER]``. Deterministic: the same source gives the same
bytes. Every source row goes to one side of the split, ``tune`` or ``report``, by a hash of its group, so that the
translations and variants of one item stay together; a file's surplus rows are dropped by the same kind of hash.
"""

import gzip
import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]

TARGET = Path(__file__).resolve().parent.parent / "src" / "stillwatch" / "worlds" / "corpora"
CALCULATOR_NOTE = re.compile(r"<<[^<>]*>>")  # GSM8K's machine annotations, which no reader of an answer ever sees


@dataclass(frozen=True)
class Source:
    """What is taken from one file: which fields, at most how many rows, of at most how many characters."""

    name: str
    fields: tuple[str, ...]
    n_rows: int = 100_000
    max_characters: int = 12_000
    group: Callable[[Row], str] = lambda row: str(row["id"])
    needs: str = "text"


def of_text(row: Row) -> str:
    """Return the group of a row whose wording is its identity."""
    return " ".join(str(row["text"]).split()).lower()


def on_both_sides(row: Row) -> str:  # noqa: ARG001 - the same for every row
    """Return the group of what both sides may use: public harness wording that cannot be split."""
    return "shared"


def without_tail(row: Row) -> str:
    """Return the group of a judging request: all answers to one instruction stay together."""
    return "-".join(str(row["id"]).split("-")[:2])


def without_script(row: Row) -> str:
    """Return the group of a prompt kept in both Chinese scripts."""
    return "zh-" + str(row["id"]).rsplit("-", 1)[1]


# Row caps keep the whole under 3 MB; the long files are cut most, none so far that its pool would look small.
SOURCES = (
    Source("bench_bbh", ("text", "answer", "task"), 1_400),
    Source("bench_bbh_cot_prefixes", ("text", "task"), group=on_both_sides),
    Source("bench_cmath_zh", ("text", "answer")),
    Source("bench_gsm8k", ("text", "answer"), group=of_text),
    Source("bench_humaneval", ("text", "answer")),
    Source("bench_ifeval_multilingual", ("text", "language")),
    Source("bench_mgsm", ("text", "answer", "language"), 1_300),
    Source("bench_mmlu_stem", ("text", "answer", "task"), 1_000),
    Source("chat_arena_hard", ("text", "category", "language"), max_characters=4_000),
    Source("chat_fastchat_bench", ("text", "turns", "category")),
    Source("chat_long_dialogues", ("turns", "topic"), max_characters=100_000),
    Source("chat_open_assistant", ("text", "turns", "roles", "language")),
    Source("chat_zh_questions", ("text", "topic"), 6_300),
    Source("distill_apibench", ("text", "api_call", "task"), 1_500),
    Source("distill_generation_templates", ("text", "name")),
    Source("distill_gsm8k_train", ("text", "answer"), 2_400, group=of_text),
    Source("distill_self_instruct_seeds", ("text", "answer")),
    Source("judge_prometheus_requests", ("text",), 130, group=without_tail),
    Source("judge_templates_fastchat", ("text", "system", "name"), group=on_both_sides),
    Source("prompts_alfworld_few_shot", ("text", "name")),
    Source("prompts_awesome", ("text", "name", "language"), 520, 3_000),
    Source("prompts_awesome_zh", ("text", "name", "language"), group=without_script),
    Source("prompts_book_multilingual", ("text", "language"), 1_600, 3_000),
    Source("prompts_fabric", ("text", "name", "role")),
    Source("prompts_openhands", ("text", "name", "role"), max_characters=9_000),
    Source("rubric_biggen_bench", ("text", "system", "rubric", "answer", "capability", "language"), 230, 3_500),
    Source("tools_apizoo", ("text", "call"), 900, 500),
    Source("tools_bfcl_multi_turn", ("text", "turns", "tool_sets")),
    Source("tools_bfcl_single_turn", ("text", "tools", "language"), 1_300, 1_500),
    Source("tools_bfcl_web_search", ("text",)),
    Source("tools_openapi_operations", ("text", "name")),
    Source("tools_schemas", ("name", "tools"), max_characters=100_000),
)
SHARED = (
    Source("infra_disposable_email_domains", ("text",), 4_000, group=of_text),
    Source("infra_hosting_asn", ("text", "asn"), group=of_text),
    Source("infra_ip_asn", ("text", "asn", "organisation"), group=of_text, needs="asn"),
    Source("infra_user_agents", ("text", "family", "kind"), group=of_text),
)


def digest(text: str) -> int:
    """Return a number that follows a text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def shorten(row: Row, fields: tuple[str, ...]) -> Row:
    """Return the wanted fields, tool definitions cut to names, descriptions and argument names."""
    short = {field: row[field] for field in fields if field in row}
    if "answer" in short and isinstance(short["answer"], str):
        short["answer"] = CALCULATOR_NOTE.sub("", short["answer"])
    if isinstance(short.get("tools"), list):
        short["tools"] = [shorten_tool(tool) for tool in short["tools"]]
    return short


def shorten_tool(tool: Row) -> Row:
    """Return a tool's name, the head of its description and the names of its arguments."""
    if "arguments" in tool:
        names = [argument.get("name", "") for argument in tool["arguments"]]
    else:
        names = list(tool.get("parameters", {}).get("properties", {}))
    description = str(tool.get("description", "")).split(". ")[0][:140]  # the first sentence says what a tool does
    return {"name": tool["name"], "description": description, "arguments": names[:8]}


def read(source: Source, folder: Path) -> list[tuple[str, Row]]:
    """Return the kept rows of one file with their groups, in the file's order."""
    path = folder / f"{source.name}.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    wanted = [
        (source.group(row), row)
        for row in rows
        if source.needs in row and len(json.dumps(row.get("turns") or row["text"])) <= source.max_characters
    ]
    ranked = sorted(wanted, key=lambda pair: (digest(f"keep:{pair[0]}"), of_text(pair[1])))[: source.n_rows]
    kept = {id(row) for _, row in ranked}
    return [(group, row) for group, row in wanted if id(row) in kept]


def write(path: Path, rows: list[Row]) -> int:
    """Write rows as gzip JSON Lines without a time stamp and return the size in bytes."""
    lines = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(lines.encode(), compresslevel=9, mtime=0))
    return path.stat().st_size


def components(kept: dict[str, list[tuple[str, Row]]]) -> dict[str, str]:
    """Return each group's component: groups that share any wording, in whatever files, are one."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for name, rows in kept.items():
        for group, row in rows:
            if group != "shared":
                first, second = sorted((root(f"{name}:{group}"), root(f"wording:{of_text(row)}")))
                parent[second] = first
    return {key: root(key) for key in list(parent)}


def build(folder: Path, target: Path) -> int:
    """Write both sides and the shared files; return the number of bytes written."""
    kept = {source.name: read(source, folder) for source in SOURCES}
    component = components(kept)
    total = 0
    for source in SOURCES:
        sides: dict[str, list[Row]] = {"tune": [], "report": []}
        for group, row in kept[source.name]:
            short = shorten(row, source.fields)
            if group == "shared":
                sides["tune"].append(short)
                sides["report"].append(short)
            else:
                sides[("tune", "report")[digest(component[f"{source.name}:{group}"]) & 1]].append(short)
        total += sum(write(target / side / f"{source.name}.jsonl.gz", rows) for side, rows in sides.items())
    for source in SHARED:
        rows = [shorten(row, source.fields) for _, row in read(source, folder)]
        total += write(target / "shared" / f"{source.name}.jsonl.gz", rows)
    return total


if __name__ == "__main__":
    written = build(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else TARGET)
    print(f"{written / 2**20:.2f} MiB written")

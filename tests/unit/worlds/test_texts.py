"""The texts behind worlds: two sides that share nothing, pools of some size and variety."""

import gzip
from pathlib import Path

import pytest

from stillwatch.errors import UsageError
from stillwatch.worlds.texts import FOLDER, Texts, load_texts

SIDES = ("tune", "report")


@pytest.mark.parametrize("side", SIDES)
def test_every_pool_has_items(side: str) -> None:
    """No named pool is empty on either side, so that a generator never draws from nothing."""
    texts = Texts(side)
    pools = [*texts.benchmarks.values(), *texts.work_lists.values(), *texts.system_prompts.values()]
    pools += [texts.dialogues, texts.rubric_requests, texts.rubrics, texts.judge_templates, texts.generation_templates]
    pools += [texts.disposable_domains, texts.hosting_asns, texts.networks, tuple(texts.tool_sets)]
    assert all(len(pool) >= 4 for pool in pools)


@pytest.mark.parametrize("side", SIDES)
def test_chat_speaks_many_languages(side: str) -> None:
    """Organic talk comes in fifteen languages or more, so that language alone tells nothing."""
    assert len(Texts(side).languages) >= 15


def test_no_item_stands_on_both_sides() -> None:
    """A text of the tuning side never appears on the reporting side, whichever file it comes from."""
    seen = {}
    for side in SIDES:
        names = sorted(path.name.removesuffix(".jsonl.gz") for path in (FOLDER / side).glob("*.jsonl.gz"))
        harness = ("bench_bbh_cot_prefixes", "judge_templates_fastchat")
        seen[side] = {row["text"] for n in names if n not in harness for row in Texts(side).rows(n) if "text" in row}
    assert len(seen["tune"]) > 5_000
    assert not seen["tune"] & seen["report"]


def test_translations_stay_with_their_original() -> None:
    """An English MGSM problem is never on one side while GSM8K has it on the other."""
    mgsm = {row["text"] for row in Texts("tune").rows("bench_mgsm") if row["language"] == "en"}
    gsm8k = {row["text"] for row in Texts("report").rows("bench_gsm8k")}
    assert mgsm
    assert not mgsm & gsm8k


def test_answers_carry_no_calculator_notes() -> None:
    """Reference answers read as a person would write them."""
    assert not any("<<" in item.answer for item in Texts("tune").work_lists["gsm8k_train"])


def test_canary_never_enters_a_prompt() -> None:
    """The BIG-Bench canary stays in the licence file and out of the traffic."""
    guid = b"26b5c67b"
    assert not any(guid in gzip.decompress(path.read_bytes()) for path in FOLDER.rglob("*.gz"))
    assert guid in (FOLDER / "LICENCES.md").read_bytes()


def test_bundle_stays_small() -> None:
    """All bundled texts with their licences stay under three megabytes."""
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 3_000_000


def test_every_file_has_its_licence() -> None:
    """Each bundled file is named in the licence table."""
    notice = (FOLDER / "LICENCES.md").read_text(encoding="utf-8")
    assert all(path.name.removesuffix(".jsonl.gz") in notice for path in FOLDER.rglob("*.gz"))


def test_unknown_side_is_refused() -> None:
    """A side that does not exist is refused by name."""
    with pytest.raises(UsageError, match="tune or report"):
        Texts("both")


def test_another_folder_can_stand_in(tmp_path: Path) -> None:
    """Worlds can be made from other texts of the same form, such as a sealed set."""
    (tmp_path / "tune").mkdir()
    line = b'{"text":"what is a quay?","language":"en"}\n' * 12
    for name in ("chat_arena_hard", "chat_fastchat_bench", "chat_open_assistant", "prompts_book_multilingual"):
        (tmp_path / "tune" / f"{name}.jsonl.gz").write_bytes(gzip.compress(line))
    (tmp_path / "tune" / "chat_zh_questions.jsonl.gz").write_bytes(gzip.compress(b""))
    assert set(load_texts("tune", tmp_path).chat("en")) == {"what is a quay?"}

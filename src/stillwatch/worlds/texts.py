"""The real texts that worlds are made from, as named pools.

Every pool exists on two sides, ``tune`` and ``report``, that share no item, no translation and no variant of one: what
was tuned on one side is measured on the other. Only facts of infrastructure (clients, networks, mail domains) and
public harness wording stand on both.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from stillwatch.errors import UsageError

Split = Literal["tune", "report"]
Row = dict[str, Any]

FOLDER: Final = Path(__file__).parent / "corpora"
STEP_BY_STEP: Final = "Let's think step by step."  # the closing line of every published few-shot reasoning prefix
PUBLIC_MAIL: Final = (
    ("gmail.com", 0.52),  # rough public shares of consumer mail; the order matters, not the digits
    ("outlook.com", 0.13),
    ("hotmail.com", 0.08),
    ("yahoo.com", 0.07),
    ("qq.com", 0.06),
    ("icloud.com", 0.05),
    ("163.com", 0.03),
    ("proton.me", 0.03),
    ("naver.com", 0.02),
    ("gmx.de", 0.01),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One task text with what its source says of it."""

    text: str
    answer: str = ""
    prefix: str = ""  # a few-shot prefix that harnesses put before the item
    system: str = ""
    topic: str = ""
    language: str = "en"
    tools: tuple["Tool", ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as its definition names it."""

    name: str
    description: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Client:
    """A user agent with its family and kind (llm_sdk, llm_tool, library, browser, app)."""

    user_agent: str
    family: str
    kind: str


@lru_cache(maxsize=256)
def read_rows(folder: Path, side: str, name: str) -> tuple[Row, ...]:
    """Return the rows of one corpus file, read once a process."""
    with gzip.open(folder / side / f"{name}.jsonl.gz") as lines:
        return tuple(orjson.loads(line) for line in lines)


@lru_cache(maxsize=4)
def load_texts(split: Split, folder: Path = FOLDER) -> "Texts":
    """Return the texts of one side; the same object for the same side, so that pools are built once."""
    return Texts(split, folder)


class Texts:
    """Named pools of real text from one side of the split."""

    def __init__(self, split: Split, folder: Path = FOLDER) -> None:
        if split not in ("tune", "report"):
            raise UsageError("texts", "no such side", got=repr(split), expected="tune or report")
        self.split: Split = split
        self.folder = folder

    def rows(self, name: str) -> tuple[Row, ...]:
        """Return one file's rows on this side."""
        return read_rows(self.folder, self.split, name)

    def shared(self, name: str) -> tuple[Row, ...]:
        """Return one infrastructure file's rows, the same on both sides."""
        return read_rows(self.folder, "shared", name)

    def _items(self, name: str, *, topic: str = "task", language: str = "en") -> tuple[Item, ...]:
        return tuple(
            Item(
                row["text"],
                answer=str(row.get("answer") or ""),
                system=str(row.get("system") or ""),
                topic=str(row.get(topic) or ""),
                language=row.get("language", language),
                tools=as_tools(row.get("tools") or ()),
            )
            for row in self.rows(name)
        )

    @cached_property
    def _chat(self) -> Mapping[str, tuple[str, ...]]:
        by_language: dict[str, list[str]] = {}
        for name in ("chat_arena_hard", "chat_fastchat_bench", "chat_open_assistant", "prompts_book_multilingual"):
            for row in self.rows(name):
                if "roles" not in row:  # dialogues have their own pool
                    by_language.setdefault(row.get("language", "en"), []).append(row["text"])
        by_language.setdefault("zh", []).extend(row["text"] for row in self.rows("chat_zh_questions"))
        return {language: tuple(texts) for language, texts in sorted(by_language.items()) if len(texts) >= 10}

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the languages that have a chat pool of some size."""
        return tuple(self._chat)

    def chat(self, language: str | None = None) -> tuple[str, ...]:
        """Return single chat prompts in one language, or in all."""
        if language is not None:
            return self._chat.get(language, ())
        return tuple(text for texts in self._chat.values() for text in texts)

    @cached_property
    def dialogues(self) -> tuple[tuple[str, ...], ...]:
        """Return dialogues as their user turns, two turns or more."""
        found: list[tuple[str, ...]] = [tuple(row["turns"]) for row in self.rows("chat_long_dialogues")]
        found += [tuple(row["turns"]) for row in self.rows("chat_fastchat_bench") if "turns" in row]
        for row in self.rows("chat_open_assistant"):
            pairs = zip(row.get("turns", ()), row.get("roles", ()), strict=True)
            found.append(tuple(turn for turn, role in pairs if role in ("prompter", "user")))
        found += [tuple(row["turns"]) for row in self.rows("tools_bfcl_multi_turn")]
        return tuple(turns for turns in found if len(turns) >= 2)

    @cached_property
    def benchmarks(self) -> Mapping[str, tuple[Item, ...]]:
        """Return the public benchmarks: name -> items, few-shot prefixes included where they are published."""
        prefixes = {row["task"]: row["text"] for row in self.rows("bench_bbh_cot_prefixes")}
        bbh = tuple(
            Item(f"Q: {item.text}\nA: {STEP_BY_STEP}", item.answer, prefixes.get(item.topic, ""), topic=item.topic)
            for item in self._items("bench_bbh")
        )
        gsm8k = tuple(Item(f"Question: {item.text}\nAnswer:", item.answer) for item in self._items("bench_gsm8k"))
        mmlu = tuple(
            Item(
                f"{item.text}\nAnswer:",
                item.answer,
                f"The following are multiple choice questions (with answers) about {item.topic.replace('_', ' ')}.",
                topic=item.topic,
            )
            for item in self._items("bench_mmlu_stem")
        )
        return {
            "bbh": bbh,
            "cmath": self._items("bench_cmath_zh", language="zh"),
            "gsm8k": gsm8k,
            "humaneval": self._items("bench_humaneval"),
            "ifeval": self._items("bench_ifeval_multilingual"),
            "mgsm": self._items("bench_mgsm"),
            "mmlu_stem": mmlu,
            "mt_bench": self._items("chat_fastchat_bench", topic="category"),
            "arena_hard": self._items("chat_arena_hard", topic="category"),
            "bfcl": self._items("tools_bfcl_single_turn"),
        }

    @cached_property
    def work_lists(self) -> Mapping[str, tuple[Item, ...]]:
        """Return lists of tasks such as a distillation campaign deals out over its accounts: name -> items."""
        lists = {
            "gsm8k_train": self._items("distill_gsm8k_train"),
            "apibench": self._items("distill_apibench"),
            "self_instruct": self._items("distill_self_instruct_seeds"),
            "science": self._items("bench_mmlu_stem"),
            "code": self._items("bench_humaneval") + self._coding_chat,
            "tools": self._items("tools_bfcl_single_turn"),
            "agent": self._items("tools_bfcl_multi_turn") + self._items("tools_bfcl_web_search"),
            "api_documents": self._items("tools_apizoo"),
            "open_ended": self._items("rubric_biggen_bench", topic="capability"),
            "zh": self._items("chat_zh_questions", topic="topic", language="zh"),
            "logic": self._items("bench_bbh"),
        }
        multilingual = tuple(Item(text, language=code) for code in self.languages for text in self._chat[code][:60])
        return {**lists, "multilingual": multilingual}

    @cached_property
    def _coding_chat(self) -> tuple[Item, ...]:
        marks = ("def ", "function", "python", "sql", "code", "error", "class ", "api", "docker", "script")
        rows = self._items("chat_arena_hard", topic="category")
        return tuple(item for item in rows if any(mark in item.text.lower() for mark in marks))

    @cached_property
    def system_prompts(self) -> Mapping[str, tuple[str, ...]]:
        """Return public prompts that many strangers use: pack -> prompts (fabric, openhands, awesome, awesome_zh)."""
        return {
            "fabric": tuple(row["text"] for row in self.rows("prompts_fabric") if row["role"] == "system"),
            "openhands": tuple(row["text"] for row in self.rows("prompts_openhands")),
            "awesome": tuple(row["text"] for row in self.rows("prompts_awesome")),
            "awesome_zh": tuple(row["text"] for row in self.rows("prompts_awesome_zh")),
        }

    @cached_property
    def tool_sets(self) -> Mapping[str, tuple[Tool, ...]]:
        """Return tool lists by the name of their server or API class."""
        return {row["name"]: as_tools(row["tools"]) for row in self.rows("tools_schemas")}

    @cached_property
    def rubric_requests(self) -> tuple[str, ...]:
        """Return complete grading requests: instruction, response, reference and rubric in one text."""
        return tuple(row["text"] for row in self.rows("judge_prometheus_requests"))

    @cached_property
    def rubrics(self) -> tuple[tuple[Item, Mapping[str, str]], ...]:
        """Return tasks with their scoring rubric (criteria and score descriptions)."""
        items = self._items("rubric_biggen_bench", topic="capability")
        return tuple((item, row["rubric"]) for item, row in zip(items, self.rows("rubric_biggen_bench"), strict=True))

    @cached_property
    def judge_templates(self) -> tuple[Item, ...]:
        """Return the public judge's prompts: ``system`` and a ``text`` with slots in braces."""
        return self._items("judge_templates_fastchat", topic="name")

    @cached_property
    def generation_templates(self) -> tuple[Item, ...]:
        """Return public templates that make synthetic instruction data."""
        return self._items("distill_generation_templates", topic="name")

    @cached_property
    def clients(self) -> tuple[Client, ...]:
        """Return the known clients."""
        return tuple(Client(row["text"], row["family"], row["kind"]) for row in self.shared("infra_user_agents"))

    def user_agents(self, kind: str, family: str | None = None) -> tuple[str, ...]:
        """Return the user agents of one kind, or of one family of it."""
        return tuple(c.user_agent for c in self.clients if c.kind == kind and family in (None, c.family))

    @cached_property
    def hosting_asns(self) -> tuple[tuple[int, str], ...]:
        """Return hosting and VPN networks as (number, name)."""
        return tuple((int(row["asn"]), row["text"]) for row in self.shared("infra_hosting_asn"))

    @cached_property
    def networks(self) -> tuple[tuple[str, int, str], ...]:
        """Return address blocks as (network, autonomous system, organisation)."""
        rows = self.shared("infra_ip_asn")
        return tuple((row["text"], int(row["asn"]), row.get("organisation", "")) for row in rows)

    @cached_property
    def disposable_domains(self) -> tuple[str, ...]:
        """Return mail domains that anyone can read."""
        return tuple(row["text"] for row in self.shared("infra_disposable_email_domains"))


def as_tools(tools: Any) -> tuple[Tool, ...]:
    """Return tool definitions as read from a row."""
    return tuple(Tool(tool["name"], tool.get("description", ""), tuple(tool.get("arguments", ()))) for tool in tools)

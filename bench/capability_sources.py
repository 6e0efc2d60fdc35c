# ruff: noqa: E501, RUF001 - frames are typed as users of each language type them, one a line or two
"""Labelled texts for the capability model: which corpus, or which rows of it, exercises which capability.

A few capabilities have hardly a public corpus of their own (translation, grading, task writing, data analysis). For
them, texts of the corpora are put into frames written here, as a user would paste them. The BIG-Bench corpora are never
read (their canary forbids training), nor is biggen (CC-BY-SA).
"""

import gzip
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_A_SOURCE = 1500  # no corpus may drown the others of its class


@dataclass(frozen=True)
class Example:
    """One text, its class, and the source that it came from (held out as a whole in evaluation)."""

    text: str
    label: str
    source: str


def rows_of(corpora: Path, name: str) -> list[dict[str, Any]]:
    """Return a corpus's rows, in an order by hash that does not depend on the file."""
    with gzip.open(corpora / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [_with_text(json.loads(line)) for line in file]
    return sorted(rows, key=lambda row: hashlib.sha256(row["text"].encode()).digest())


WHOLE = {
    "bench_humaneval": "code", "bench_gsm8k": "maths", "bench_mgsm": "maths", "bench_cmath_zh": "maths",
    "distill_gsm8k_train": "maths", "tools_bfcl_multi_turn": "agentic",
    "tools_bfcl_web_search": "agentic", "prompts_alfworld_few_shot": "agentic", "prompts_openhands": "agentic",
    "judge_prometheus_requests": "grading", "distill_generation_templates": "task_writing",
    "bench_ifeval_multilingual": "writing", "chat_open_assistant": "conversation", "chat_long_dialogues": "conversation",
}  # fmt: skip

MATHS_TASKS = r"math|algebra|statistics|econometrics"
ZH_TOPICS = {
    "translation": r"翻译",
    "data_analysis": r"数据分析|数据可视化|数据挖掘|数据清洗|聚类分析",
    "writing": r"文本生成|写作|创作|文章生成|文案|编辑$|文本编辑|新闻编辑|编辑任务|编辑修改|诗歌|文本摘要|摘要",
    "science": r"物理|化学|生物学|天文|地理",
    "knowledge": r"历史|文化|政治|文学作品|科技趋势|地理|艺术",
    "conversation": r"推荐|旅游|健康|职业|建议|烹饪|礼仪|健身|美食|聊天",
    "code": r"编程|代码|程序设计|软件开发",
}
CHAT_CATEGORIES = {
    "coding": "code", "math": "maths", "writing": "writing", "roleplay": "conversation", "stem": "science",
    "humanities": "knowledge", "knowledge": "knowledge", "generic": "conversation", "common-sense": "knowledge",
}  # fmt: skip
NAMES = {
    "translation": r"translat|localiz",
    "code": r"develop|code|coding|program|engineer|sql|python|javascript|terminal|git|flutter|react|linux",
    "data_analysis": r"data (scien|analy)|excel|statistic|spreadsheet|dashboard|analytics",
    "grading": r"grader|rate_|judge|reviewer|evaluat",
    "task_writing": r"quiz|flash_?cards|create_questions|exam question",
    "writing": r"writ|story|novel|essay|poet|lyric|copy|blog|ghost|newsletter|screen",
    "maths": r"math",
    "conversation": r"coach|friend|therap|advisor|companion|guide|chef|planner|mentor",
}
FRAMES = {
    "translation": (
        "Translate the following text into {language}:\n\n{text}", "Please translate to {language}: {text}",
        "{text}\n\nTranslate the above to {language}. Output only the translation.", "翻译成{language}：{text}",
        "请把下面这段话翻译成{language}\n{text}", "次の文章を{language}に翻訳してください。\n{text}", "다음을 {language}로 번역해 주세요: {text}",
        "Traduce al {language} el siguiente texto: {text}", "Traduis ce texte en {language} : {text}",
        "Übersetze den folgenden Text ins {language}: {text}", "Переведи на {language} следующий текст: {text}",
        "Traduza o texto a seguir para {language}: {text}", "ترجم النص التالي إلى {language}: {text}",
    ),
    "grading": (
        "Grade this student answer from 0 to 10 and justify the score.\n\n{text}\n\nAnswer: {other}",
        "Rate the quality of the response below on a scale of 1 to 5.\nPrompt: {text}\nResponse: {other}\nScore:",
        "Which of the two answers is better, A or B?\nA: {text}\nB: {other}", "Evaluate the answer against the rubric:\n{text}\n{other}",
        "请根据评分标准给下面的回答打分（1-10分）。\n问题：{text}\n回答：{other}", "哪个回答更好？\nA：{text}\nB：{other}",
        "次の回答を1から5で採点してください。\n{text}\n{other}", "다음 답변을 1~10점으로 채점해 주세요.\n{text}\n{other}",
        "Evalúa la siguiente respuesta del 1 al 10: {text}\n{other}", "Note la réponse suivante de 0 à 20.\n{text}\n{other}",
        "Bewerte die folgende Antwort mit 1 bis 10 Punkten:\n{text}\n{other}", "Оцени ответ по шкале от 1 до 10.\n{text}\n{other}",
    ),
    "task_writing": (
        "Write {n} new questions in the style of this one, with answers:\n{text}", "Generate {n} diverse instructions similar to: {text}",
        "Create a harder variant of the following problem. {text}", "Come up with {n} exam questions about this.\n{text}",
        "Rewrite this prompt into a more complex version:\n{text}", "Produce {n} training examples (input, output) for: {text}",
        "请生成{n}个与下面类似的新题目：\n{text}", "根据以下内容出{n}道练习题并给出答案。\n{text}", "次の例に似た問題を{n}個作成してください。\n{text}",
        "다음과 비슷한 문제를 {n}개 만들어 주세요.\n{text}", "Genera {n} preguntas nuevas parecidas a esta: {text}",
        "Crée {n} nouvelles questions semblables à : {text}", "Erstelle {n} neue Aufgaben wie diese: {text}",
        "Придумай {n} новых заданий, похожих на это: {text}",
    ),
    "data_analysis": (
        "Here is a CSV of monthly sales:\nmonth,region,revenue\n1,north,{n}\n2,south,{m}\nWhich trend do you see? {text}",
        "Analyze this dataset and report outliers, mean and correlation.\n{n},{m}\n{m},{n}\n{text}",
        "Given a table with columns user_id, signup_date and spend, compute retention by cohort. {text}",
        "Run a regression of price on the other columns and interpret the coefficients. {text}",
        "请分析下面的数据并画出趋势图：\n月份,销量\n1,{n}\n2,{m}\n{text}", "Analiza estos datos y resume las tendencias: {n}, {m}. {text}",
    ),
}  # fmt: skip
LANGUAGES = ("English", "French", "German", "Spanish", "Chinese", "英文", "中文", "日文", "日本語", "英語", "영어", "inglés",
             "anglais", "Englisch", "английский", "inglês", "الإنجليزية", "Japanese", "Korean", "Russian")  # fmt: skip


def _with_text(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with a text: that of its first turn, or of its tools, where it has no other."""
    return {"text": str((row.get("turns") or row.get("tools") or [""])[0])} | row


def examples(corpora: Path) -> list[Example]:
    """Return all labelled texts."""
    found = [*_whole(corpora), *_chats(corpora), *_packs(corpora), *_framed(corpora), *_seeded()]
    return list({example.text: example for example in found}.values())


def _whole(corpora: Path) -> Iterator[Example]:
    for name, label in WHOLE.items():
        for row in rows_of(corpora, name)[:MAX_A_SOURCE]:
            yield Example(row["text"], label, name)
            for turn in row.get("turns", ())[1:4] if name.startswith("chat_") else ():
                yield Example(str(turn), label, name)
    for row in rows_of(corpora, "bench_mmlu_stem"):
        is_maths = re.search(MATHS_TASKS, row["task"])
        is_computing = re.search("computer|machine_learning", row["task"])
        if not is_computing:
            yield Example(row["text"], "maths" if is_maths else "science", f"mmlu_{'maths' if is_maths else 'science'}")


def _chats(corpora: Path) -> Iterator[Example]:
    for name in ("chat_arena_hard", "chat_fastchat_bench"):
        for row in rows_of(corpora, name):
            label = CHAT_CATEGORIES.get(row["category"])
            if label:
                yield Example(row["text"], label, name)
    for label, pattern in ZH_TOPICS.items():
        rows = [row for row in rows_of(corpora, "chat_zh_questions") if re.search(pattern, row.get("topic", ""))]
        for row in rows[:600]:
            yield Example(row["text"], label, f"chat_zh_{label}")
    for row in rows_of(corpora, "distill_self_instruct_seeds"):
        if row.get("task") == "Leetcode":
            yield Example(row["text"], "code", "self_instruct")


def _packs(corpora: Path) -> Iterator[Example]:
    for name in ("prompts_awesome", "prompts_fabric"):
        for row in rows_of(corpora, name):
            for label, pattern in NAMES.items():
                if re.search(pattern, row["name"], re.IGNORECASE):
                    yield Example(row["text"], label, name)
                    break


def _seeded() -> Iterator[Example]:
    seeds = tomllib.loads(Path(__file__).with_name("capability_seeds.toml").read_text("utf-8"))
    for name, group in seeds.items():
        label = group.get("label", name)
        for number, opening in enumerate(group["openings"]):
            for subject in group["subjects"]:
                yield Example(opening.replace("{x}", subject), label, f"seed_{name}_{number}")


def _framed(corpora: Path) -> Iterator[Example]:
    book = rows_of(corpora, "prompts_book_multilingual")
    plain = [
        row["text"][:600] for name in ("chat_zh_questions", "bench_gsm8k") for row in rows_of(corpora, name)[:1200]
    ]
    payloads = sorted(
        [row["text"][:600] for row in book] + plain, key=lambda text: hashlib.sha256(text.encode()).digest()
    )
    at = 0
    for label, frames in FRAMES.items():
        for number in range(900):
            frame = frames[number % len(frames)]
            text, other = payloads[at % len(payloads)], payloads[(at + 1) % len(payloads)]
            at += 2
            language = LANGUAGES[number * 7 % len(LANGUAGES)]
            filled = frame.format(text=text, other=other, language=language, n=number % 17 + 3, m=number % 23 + 5)
            yield Example(filled, label, f"frame_{label}_{number % len(frames)}")

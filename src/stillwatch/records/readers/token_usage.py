"""Token counts of every vendor to ours: input includes what was cached, output includes reasoning."""

from collections.abc import Mapping
from typing import Any, Final

from stillwatch.records.readers.json_values import first_count, mapping

GEMINI_COUNTS: Final[Mapping[str, str]] = {
    "prompt_token_count": "promptTokenCount",
    "candidates_token_count": "candidatesTokenCount",
    "thoughts_token_count": "thoughtsTokenCount",
    "cached_content_token_count": "cachedContentTokenCount",
    "tool_use_prompt_token_count": "toolUsePromptTokenCount",
}
COLUMNS: Final = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")


def token_columns(usage: object) -> dict[str, Any]:
    """Return the four token columns; those that the usage object does not tell are left out.

    ``prompt_tokens`` (OpenAI chat, LiteLLM) and a Responses ``input_tokens`` include cached tokens already. An
    Anthropic ``input_tokens`` and a Bedrock ``inputTokens`` leave out what was read from or written to the cache:
    that is added. ``cached_tokens`` is what was read from the cache.

    Args:
        usage: a ``usage`` object of OpenAI chat or Responses, Anthropic, LiteLLM or Bedrock Converse, or Gemini's
            ``usageMetadata``.
    """
    found = _named_as_openai(mapping(usage))
    n_input, n_cached = _input(found)
    n_output = first_count(found.get("completion_tokens"), found.get("output_tokens"), found.get("outputTokens"))
    n_reasoning = _reasoning(found)
    if n_reasoning is not None and n_output is not None and n_reasoning > n_output:
        n_output += n_reasoning  # some upstreams count reasoning apart; more of it than output proves that
    columns = zip(COLUMNS, (n_input, n_output, n_reasoning, n_cached), strict=True)
    return {name: value for name, value in columns if value is not None}


def _named_as_openai(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return Gemini's usage, in either spelling, under OpenAI's names; another as it is.

    Gemini's ``candidatesTokenCount`` leaves out what was thought, so that is added.
    """
    found = {snake: usage.get(camel, usage.get(snake)) for snake, camel in GEMINI_COUNTS.items()}
    if all(value is None for value in found.values()):
        return usage
    thought = first_count(found["thoughts_token_count"])
    said = first_count(found["candidates_token_count"])
    tool_use = first_count(found["tool_use_prompt_token_count"]) or 0
    sent = first_count(found["prompt_token_count"])
    return {
        "prompt_tokens": None if sent is None else sent + tool_use,
        "completion_tokens": None if said is None and thought is None else (said or 0) + (thought or 0),
        "completion_tokens_details": {"reasoning_tokens": thought},
        "prompt_tokens_details": {"cached_tokens": found["cached_content_token_count"]},
    }


def _input(usage: Mapping[str, Any]) -> tuple[int | None, int | None]:
    read = first_count(
        mapping(usage.get("prompt_tokens_details")).get("cached_tokens"),
        mapping(usage.get("input_tokens_details")).get("cached_tokens"),
        usage.get("cache_read_input_tokens"),
        usage.get("cacheReadInputTokens"),
        usage.get("cacheReadInputTokenCount"),
        usage.get("prompt_cache_hit_tokens"),
    )
    written = first_count(
        usage.get("cache_creation_input_tokens"),
        usage.get("cacheWriteInputTokens"),
        usage.get("cacheWriteInputTokenCount"),
    )
    total = first_count(usage.get("prompt_tokens"))
    if total is None:
        total = first_count(usage.get("input_tokens"), usage.get("inputTokens"))
        includes_cached = "input_tokens_details" in usage
        if total is not None and not includes_cached:
            total += (read or 0) + (written or 0)
    if total is not None and read is not None and read > total:
        total += read
    return total, read


def _reasoning(usage: Mapping[str, Any]) -> int | None:
    details = (mapping(usage.get(key)) for key in ("completion_tokens_details", "output_tokens_details"))
    return next(
        (
            found
            for detail in details
            if (found := first_count(detail.get("reasoning_tokens"), detail.get("thinking_tokens"))) is not None
        ),
        None,
    )

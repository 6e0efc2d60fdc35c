"""Streamed answers put back together: a list of events to the body that the same request would have got whole.

Streams of OpenAI chat, completions and Responses, Anthropic messages, Gemini, Bedrock Converse, and the chunked bodies
of Titan, Llama, Mistral and Cohere. A stream that was cut off gives what had arrived. Events may come as objects, as
``{event, data}`` pairs or as lines of server-sent events.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from stillwatch.records.readers.json_values import EMPTY, count, decoded, items, mapping

MAX_CHOICES: Final = 256  # twice what OpenAI allows (128); indices beyond it are noise
CONVERSE_EVENTS: Final = ("messageStart", "contentBlockDelta", "messageStop", "contentBlockStart")
PLAIN_TEXT_KEYS: Final = ("outputText", "generation", "completion", "text")  # Titan; Llama; Claude 2; Cohere
COUNT_KEYS: Final = ("prompt_token_count", "generation_token_count", "inputTextTokenCount", "totalOutputTextTokenCount")
ENDING_KEYS: Final = ("stop_reason", "completionReason", "finish_reason")


def events_of(body: object) -> list[Mapping[str, Any]] | None:
    """Return the events of a streamed answer, or None for a body that is no stream."""
    if isinstance(body, str) and body.lstrip().startswith(("data:", "event:", ":")):
        return list(_events(body.splitlines()))
    found = decoded(body)
    return list(_events(found)) if isinstance(found, list) else None


def assemble(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the whole body that these events spell, or an empty one if they spell none."""
    for event in events:
        kind = event.get("type")
        if isinstance(kind, str) and kind.startswith("response."):
            return _from_responses(events)
        if kind in ("message_start", "content_block_delta", "message_delta"):
            return _from_anthropic(events)
        if "choices" in event:
            return _from_chat(events)
        if "candidates" in event or "usageMetadata" in event or "usage_metadata" in event:
            return _from_gemini(events)
        if any(key in event for key in CONVERSE_EVENTS):
            return _from_converse(events)
    return _from_plain(events)


def _events(entries: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    for entry in entries:
        found: Any = entry
        if isinstance(entry, str):
            found = _json(entry.strip().removeprefix("data:"))
        elif isinstance(entry, Mapping) and isinstance(entry.get("data"), str | Mapping) and "type" not in entry:
            found = _json(entry["data"]) if isinstance(entry["data"], str) else entry["data"]
        if isinstance(found, Mapping):
            yield found


def _json(written: str) -> Any:
    try:
        return orjson.loads(written)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None  # `[DONE]`, an event's name, a keep-alive


def _from_chat(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    whole: dict[str, Any] = {}
    said: dict[int, dict[str, list[str]]] = {}
    blocks: dict[int, list[Any]] = {}
    endings: dict[int, Any] = {}
    for event in events:
        whole.update({key: event[key] for key in ("id", "created", "model", "usage", "error") if event.get(key)})
        for choice in map(mapping, items(event.get("choices"))):
            index = count(choice.get("index")) or 0
            if index >= MAX_CHOICES:
                continue
            delta = mapping(choice.get("delta"))
            parts = said.setdefault(index, {})
            for key, value in (("content", delta.get("content")), ("refusal", delta.get("refusal"))):
                if isinstance(value, str):
                    parts.setdefault(key, []).append(value)
            if isinstance(choice.get("text"), str):
                parts.setdefault("content", []).append(choice["text"])
            for key in ("thinking_blocks", "reasoning_details"):
                blocks.setdefault(index, []).extend(items(delta.get(key)))
            endings[index] = choice.get("finish_reason") or endings.get(index)
    whole["choices"] = [
        {
            "index": index,
            "finish_reason": endings.get(index),
            "message": {
                "role": "assistant",
                **{key: "".join(pieces) for key, pieces in parts.items()},
                "reasoning_details": blocks.get(index, []),
            },
        }
        for index, parts in sorted(said.items())
    ]
    return whole


def _from_gemini(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return one response whose candidates hold all parts that were sent of them; counts are those sent last."""
    whole: dict[str, Any] = {}
    parts: dict[int, list[Any]] = {}
    endings: dict[int, Any] = {}
    for event in events:
        whole.update({key: value for key, value in event.items() if value is not None and key != "candidates"})
        for candidate in map(mapping, items(event.get("candidates"))):
            index = count(candidate.get("index")) or 0
            if index < MAX_CHOICES:
                parts.setdefault(index, []).extend(items(mapping(candidate.get("content")).get("parts")))
                ending = candidate.get("finishReason", candidate.get("finish_reason"))
                endings[index] = ending or endings.get(index)
    candidates = [
        {"index": index, "finishReason": endings.get(index), "content": {"parts": _run_together(found)}}
        for index, found in sorted(parts.items())
    ]
    return {**whole, "candidates": candidates} if candidates else whole


def _run_together(parts: Sequence[Any]) -> list[Any]:
    """Return parts with the pieces of one text joined, thoughts apart from what was said."""
    joined: list[Any] = []
    for part in map(mapping, parts):
        last = joined[-1] if joined else EMPTY
        is_piece = isinstance(part.get("text"), str) and isinstance(last.get("text"), str)
        if is_piece and part.get("thought") == last.get("thought"):
            joined[-1] = {**last, **part, "text": last["text"] + part["text"]}
        else:
            joined.append(part)
    return joined


def _from_responses(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the response that the last event carries whole, or what the deltas spell if the stream was cut."""
    latest: Mapping[str, Any] = EMPTY
    pieces: list[str] = []
    refusals: list[str] = []
    done: list[Any] = []
    for event in events:
        latest = mapping(event.get("response")) or latest
        if isinstance(event.get("delta"), str):
            if event.get("type") == "response.output_text.delta":
                pieces.append(event["delta"])
            elif event.get("type") == "response.refusal.delta":
                refusals.append(event["delta"])
        elif event.get("type") == "response.output_item.done" and mapping(event.get("item")).get("type") == "reasoning":
            done.append(event["item"])
    if items(latest.get("output")) or not (pieces or refusals):
        return latest
    content = [{"type": "output_text", "text": "".join(pieces)}] if pieces else []
    if refusals:
        content.append({"type": "refusal", "refusal": "".join(refusals)})
    return {**latest, "output": [*done, {"type": "message", "role": "assistant", "content": content}]}


def _from_anthropic(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    whole: dict[str, Any] = {"type": "message", "content": []}
    usage: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        kind = event.get("type")
        if kind == "message_start":
            message = mapping(event.get("message"))
            whole.update({key: message[key] for key in ("id", "model", "role") if key in message})
            usage.update(mapping(message.get("usage")))
        elif kind == "content_block_start":
            blocks[count(event.get("index")) or 0] = dict(mapping(event.get("content_block")))
        elif kind == "content_block_delta":
            _extend(blocks.setdefault(count(event.get("index")) or 0, {}), mapping(event.get("delta")))
        elif kind == "message_delta":
            whole["stop_reason"] = mapping(event.get("delta")).get("stop_reason") or whole.get("stop_reason")
            usage.update({key: value for key, value in mapping(event.get("usage")).items() if value is not None})
        elif kind == "error":
            whole["error"] = event.get("error")
    whole["usage"] = usage
    whole["content"] = [blocks[index] for index in sorted(blocks)]
    if not blocks and "error" in whole:
        del whole["content"]
    return whole


def _extend(block: dict[str, Any], delta: Mapping[str, Any]) -> None:
    """Add one delta to a content block; a block whose start is missing takes its type from the delta."""
    for key, kind in (("text", "text"), ("thinking", "thinking"), ("signature", "thinking")):
        if isinstance(delta.get(key), str):
            before = block.get(key)
            block[key] = (before if isinstance(before, str) else "") + delta[key]
            block.setdefault("type", kind)


def _from_converse(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    whole: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        found = mapping(event.get("contentBlockDelta"))
        if found:
            block = blocks.setdefault(count(found.get("contentBlockIndex")) or 0, {})
            delta = mapping(found.get("delta"))
            _extend(block, delta)
            if thought := mapping(delta.get("reasoningContent")):
                _extend(block.setdefault("reasoning", {}), thought)
        whole["stopReason"] = mapping(event.get("messageStop")).get("stopReason") or whole.get("stopReason")
        whole["usage"] = mapping(event.get("metadata")).get("usage") or whole.get("usage")
    content = [
        {"reasoningContent": {"reasoningText": block["reasoning"]}} if "reasoning" in block else block
        for _, block in sorted(blocks.items())
    ]
    return {**whole, "output": {"message": {"role": "assistant", "content": content}}}


def _from_plain(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return one body whose text is that of all chunks, in the chunks' own dialect."""
    whole: dict[str, Any] = {}
    pieces: dict[str, list[str]] = {}
    for event in events:
        outputs = mapping(next(iter(items(event.get("outputs"))), EMPTY))  # Mistral
        for key in PLAIN_TEXT_KEYS:
            piece = event.get(key, outputs.get(key))
            if isinstance(piece, str) and not event.get("is_finished"):  # Cohere repeats the whole text at the end
                pieces.setdefault(key, []).append(piece)
        for key in (*ENDING_KEYS, *COUNT_KEYS, "error"):
            value = event.get(key, outputs.get(key))
            if value is not None:
                whole[key] = value
    return {**whole, **{key: "".join(found) for key, found in pieces.items()}}

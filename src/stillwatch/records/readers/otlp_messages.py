"""What a model call's span says was asked and answered, in each of the spellings that instrumentations use.

Spellings: message lists (OpenTelemetry parts or OpenAI content, as JSON or structured), one event a message, dotted
keys with numbers (OpenLLMetry, OpenInference), and a whole request or answer in one attribute.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stillwatch.records.messages import text_of
from stillwatch.records.readers.json_values import decoded, items, mapping, text
from stillwatch.records.readers.otlp_attributes import indexed
from stillwatch.records.readers.otlp_units import Event
from stillwatch.records.readers.request_body import content_columns, is_request, message_signatures

EVENT_ROLES: Final = {  # semantic conventions up to 1.36
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
CHOICE_EVENT: Final = "gen_ai.choice"
PROMPT_EVENT: Final = "gen_ai.content.prompt"  # 1.26 and 1.27
COMPLETION_EVENT: Final = "gen_ai.content.completion"
MESSAGE_EVENTS: Final = frozenset({*EVENT_ROLES, CHOICE_EVENT, PROMPT_EVENT, COMPLETION_EVENT})
INPUT_LISTS: Final = (
    "gen_ai.prompt.",
    "llm.input_messages.",
    "llm.prompts.",
)  # OpenLLMetry; OpenInference; both, older
OUTPUT_LISTS: Final = ("gen_ai.completion.", "llm.output_messages.", "llm.completions.")
ANSWER_KEYS: Final = ("choices", "completion", "output", "content", "candidates")  # of a whole answer kept as JSON


def sent_columns(attributes: Mapping[str, Any], events: Iterable[Event]) -> dict[str, Any]:
    """Return system prompt, prompt, turn and the signatures sent back; nothing where content was not kept."""
    told = attributes.get("gen_ai.input.messages")
    if told is not None:
        found = decoded(told)
        if isinstance(found, str):  # cut off at the length limit of attributes: no JSON any more
            return {}
        return content_columns({"messages": found, "system": _parts(attributes.get("gen_ai.system_instructions"))})
    told_by_events = [message for event in events if (message := _asked(event)) is not None]
    if told_by_events:
        return content_columns({"messages": told_by_events})
    for prefix in INPUT_LISTS:
        listed = [_unwrapped(entry) for entry in indexed(attributes, prefix)]
        if listed:
            return content_columns({"messages": listed})
    told = decoded(attributes.get("ai.prompt.messages"))  # Vercel's AI SDK
    if isinstance(told, list):
        return content_columns({"messages": told})
    told = attributes.get("gen_ai.prompt")
    if told is None:
        told = next((event.attributes.get("gen_ai.prompt") for event in events if event.name == PROMPT_EVENT), None)
    return _whole_request(attributes.get("input.value") if told is None else told)


def answers(attributes: Mapping[str, Any], events: Iterable[Event]) -> list[Any] | None:
    """Return the answer as a list of messages, one a choice; None where content was not kept."""
    told = attributes.get("gen_ai.output.messages")
    if told is not None:
        found = decoded(told)
        return None if isinstance(found, str) else [found] if isinstance(found, Mapping) else list(items(found))
    choices = [_answered(event) for event in events if event.name == CHOICE_EVENT]
    if choices:
        return choices
    for prefix in OUTPUT_LISTS:
        listed = [_unwrapped(entry) for entry in indexed(attributes, prefix)]
        if listed:
            return listed
    told = text(attributes.get("ai.response.text"))  # Vercel's AI SDK
    if told is not None:
        return [{"role": "assistant", "content": told}]
    told = attributes.get("gen_ai.completion")
    if told is None:
        told = next(
            (event.attributes.get("gen_ai.completion") for event in events if event.name == COMPLETION_EVENT), None
        )
    return _whole_answer(attributes.get("output.value") if told is None else told)


def answer_text(messages: list[Any] | None) -> str | None:
    """Return all text of the answer's choices; empty for an answer without text, as a tool call alone."""
    return None if messages is None else text_of(messages)


def answer_signatures(messages: list[Any] | None) -> list[str]:
    """Return the thinking signatures that came back with the answer."""
    return list(dict.fromkeys(signature for message in messages or () for signature in message_signatures(message)))


def finish_reasons(attributes: Mapping[str, Any], messages: list[Any] | None) -> list[str]:
    """Return why each choice ended, from the span or else from the choices themselves."""
    told = decoded(attributes.get("gen_ai.response.finish_reasons"))
    if told is None:
        told = attributes.get("gen_ai.response.finish_reason")
    found = [reason for reason in (items(told) or (told,)) if isinstance(reason, str)]
    if not found:
        found = [r for message in messages or () if isinstance(r := mapping(message).get("finish_reason"), str)]
    return found


def _payload(event: Event) -> Mapping[str, Any]:
    """Return what an event says: the body of a log record, or a span event's attributes."""
    said = event.body if event.body is not None else event.attributes.get("gen_ai.event.content")
    if said is None:
        return event.attributes
    found = decoded(said)
    return found if isinstance(found, Mapping) else {"content": found}


def _asked(event: Event) -> dict[str, Any] | None:
    role = EVENT_ROLES.get(event.name)
    if role is None:
        return None
    said = _payload(event)
    return {"role": text(said.get("role")) or role, "content": decoded(said.get("content"))}


def _answered(event: Event) -> dict[str, Any]:
    said = _payload(event)
    message = decoded(said.get("message"))
    if message is None:
        message = said
    inner = message if isinstance(message, Mapping) else {"content": message}
    return {**inner, "role": "assistant", "finish_reason": said.get("finish_reason") or inner.get("finish_reason")}


def _unwrapped(entry: Any) -> Any:
    """Return a message of dotted keys without OpenInference's wrappers around it and around its parts."""
    if not isinstance(entry, Mapping):
        return entry
    inner = entry.get("message")
    if isinstance(inner, Mapping):
        if inner.get("content") is None:
            return {**inner, "content": [mapping(p).get("message_content") for p in items(inner.get("contents"))]}
        return inner
    for wrapper in ("prompt", "completion"):  # OpenInference's text completions
        if isinstance(entry.get(wrapper), Mapping):
            return {"content": entry[wrapper].get("text")}
    return {**entry, "content": decoded(entry.get("content"))}


def _parts(instructions: object) -> Any:
    found = decoded(instructions)
    return found if isinstance(found, str | list | Mapping) else None


def _whole_request(told: object) -> dict[str, Any]:
    found = decoded(told)
    if isinstance(found, Mapping):
        return content_columns(found) if is_request(found) else {}
    if isinstance(found, str) and found.lstrip()[:1] in ("{", "["):
        return {}  # JSON that was cut off
    return content_columns({"messages": found}) if isinstance(found, str | list) else {}


def _whole_answer(told: object) -> list[Any] | None:
    found = decoded(told)
    if isinstance(found, str):
        return None if found.lstrip()[:1] in ("{", "[") else [found]
    if not isinstance(found, Mapping):
        return list(found) if isinstance(found, list) else None
    held = next((found[key] for key in ANSWER_KEYS if found.get(key) is not None), None)
    if held is None:
        return None
    return [_unwrapped_choice(one) for one in (held if isinstance(held, list) else [held])]


def _unwrapped_choice(choice: Any) -> Any:
    message = mapping(choice).get("message")
    return message if isinstance(message, Mapping) else choice

"""What a client sent, in any dialect that readers meet, to the request's canonical columns.

Dialects: OpenAI chat completions, Responses and legacy completions; Anthropic messages; Gemini; Bedrock Converse and
the bodies of Titan, Llama, Mistral, Cohere and Nova. The dialect is told by the keys that are there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from stillwatch.records.messages import JOINT, entries_of, role_of, signatures_of, split_messages, tool_names
from stillwatch.records.readers.json_values import count, first_count, identifier, items, mapping, number

PROMPT_KEYS: Final = ("prompt", "inputText")  # legacy completions, Llama, Mistral and Cohere; Titan
NESTED_PARAMETERS: Final = (
    *("inferenceConfig", "textGenerationConfig"),  # Converse, Nova; Titan
    *("generationConfig", "generation_config", "config"),  # Gemini; as BigQuery has it; as its libraries take it
)
LIMIT_KEYS: Final = (
    *("max_tokens", "max_completion_tokens", "max_output_tokens"),  # OpenAI chat and Anthropic; newer chat; Responses
    *("maxTokens", "max_new_tokens", "maxTokenCount"),  # Converse; Nova; Titan
    *("max_gen_len", "max_tokens_to_sample"),  # Llama; Claude 2
    "maxOutputTokens",  # Gemini
)
CHOICE_KEYS: Final = ("n", "num_generations", "candidateCount", "candidate_count")  # OpenAI; Cohere; Gemini
BODY_MARKS: Final = frozenset({"messages", "input", "prompt", "inputText", "message", "contents"})


def content_columns(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``system_prompt``, ``prompt``, ``turn`` and ``thinking_signatures``; nothing where no content is held."""
    if (messages := body.get("messages")) is not None:
        return _split(messages, body.get("system") or body.get("instructions"))
    if (sent := body.get("input")) is not None:
        return _split(_without_images(sent), body.get("instructions"))
    if (contents := body.get("contents")) is not None:  # Gemini
        return _split(contents, body.get("systemInstruction") or body.get("system_instruction"))
    if isinstance(body.get("message"), str):
        return _cohere_chat(body, body["message"])
    return _plain_prompt(body)


def _cohere_chat(body: Mapping[str, Any], message: str) -> dict[str, Any]:
    history = [
        {"role": "assistant" if said.get("role") == "CHATBOT" else said.get("role"), "content": said.get("message")}
        for said in map(mapping, items(body.get("chat_history")))
    ]
    return _split([*history, message], body.get("preamble"))


def _plain_prompt(body: Mapping[str, Any]) -> dict[str, Any]:
    prompt = next((body[key] for key in PROMPT_KEYS if body.get(key) is not None), None)
    if isinstance(prompt, str):
        return {"prompt": prompt, "turn": 0}
    if items(prompt):  # several prompts, or token numbers, which have no text
        return {"prompt": JOINT.join(one for one in items(prompt) if isinstance(one, str)), "turn": 0}
    return {}


def parameter_columns(body: Mapping[str, Any], *, is_complete: bool = True) -> dict[str, Any]:
    """Return ``temperature``, ``max_tokens``, ``n_choices`` and ``tool_names``.

    Args:
        body: the request, or the parameters that a gateway kept of it.
        is_complete: whether what is absent was not sent. A gateway that keeps some parameters only says nothing by
            leaving one out: then ``n_choices`` and ``tool_names`` stay unknown.
    """
    nested = [mapping(body.get(key)) for key in NESTED_PARAMETERS]
    columns: dict[str, Any] = {}
    temperature = next((t for p in (body, *nested) if (t := number(p.get("temperature"))) is not None), None)
    if temperature is not None:
        columns["temperature"] = temperature
    limit = first_count(*(p.get(key) for p in (body, *nested) for key in LIMIT_KEYS))
    if limit is not None:
        columns["max_tokens"] = limit
    n_choices = next((n for p in (body, *nested) for key in CHOICE_KEYS if (n := count(p.get(key)))), None)
    if n_choices is not None or is_complete:
        columns["n_choices"] = n_choices or 1  # what each of these dialects does without being told
    tools = _tools(body)
    if tools is not None or is_complete:
        names = tool_names(tools)
        if names is not None:
            columns["tool_names"] = names
    return columns


def request_columns(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return every column that a complete request body tells."""
    columns = {**content_columns(body), **parameter_columns(body)}
    model = identifier(body.get("model"))
    if model is not None:
        columns["model"] = model
    conversation = body.get("conversation")  # Responses: an id, or an object with one
    conversation_id = identifier(conversation, mapping(conversation).get("id"))
    if conversation_id is not None:
        columns["conversation_id"] = conversation_id
    return columns


def sent_signatures(messages: object) -> list[str]:
    """Return the thinking signatures sent back in a request, in order, each once.

    Besides those in a message's parts, LiteLLM's ``thinking_blocks`` beside the content are read.
    """
    found: list[str] = []
    for message in entries_of(messages):
        if role_of(message) == "assistant":
            found.extend(message_signatures(message))
    return list(dict.fromkeys(found))


def message_signatures(message: object) -> Iterator[str]:
    """Yield the signatures in one assistant message, those in its content first."""
    yield from signatures_of(message)
    for key in ("thinking_blocks", "reasoning_details"):  # LiteLLM; OpenRouter
        blocks = [
            {**block, "encrypted_content": block.get("data")}
            for block in map(mapping, items(mapping(message).get(key)))
        ]
        yield from signatures_of({"content": blocks})


def _split(messages: object, system: object) -> dict[str, Any]:
    split = split_messages(messages, system)
    columns: dict[str, Any] = {"turn": split.turn, "thinking_signatures": sent_signatures(messages)}
    if split.system_prompt is not None:
        columns["system_prompt"] = split.system_prompt
    if split.prompt is not None:
        columns["prompt"] = split.prompt
    return columns


def _tools(body: Mapping[str, Any]) -> object:
    for key in ("tools", "functions", "toolConfig"):  # functions: the older OpenAI chat form
        found = body.get(key)
        if found is not None:
            return found
    return None


def _without_images(sent: object) -> object:
    """Leave out generated images, whose ``result`` is bytes in base64 and no text."""
    if not isinstance(sent, Sequence) or isinstance(sent, str):
        return sent
    return [item for item in sent if mapping(item).get("type") != "image_generation_call"]


def is_request(body: object) -> bool:
    """Say whether an object looks like the body of a model request."""
    found = mapping(body)
    return bool(BODY_MARKS & found.keys()) and not ("method" in found and "headers" in found)

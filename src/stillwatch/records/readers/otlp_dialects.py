"""Which spans are model calls, and what their attributes are called, in every dialect of GenAI telemetry.

The dialects: OpenTelemetry's semantic conventions up to 1.36, 1.37 to 1.41, and the separate GenAI conventions from
0.1.0; OpenLLMetry; OpenInference; LiteLLM's; OpenRouter's broadcast; Vercel's AI SDK. They share most names, so one
ordered list of names a column reads all of them, the present convention first.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stillwatch.records.messages import tool_names
from stillwatch.records.readers.json_values import (
    decoded,
    first_count,
    http_status,
    identifier,
    items,
    mapping,
    number,
)
from stillwatch.records.readers.otlp_attributes import indexed
from stillwatch.records.readers.otlp_messages import (
    answer_signatures,
    answer_text,
    answers,
    finish_reasons,
    sent_columns,
)
from stillwatch.records.readers.otlp_units import Event

CALLS: Final = frozenset({"chat", "text_completion", "generate_content", "completion", "responses", "messages"})
EMBEDDINGS: Final = frozenset({"embeddings", "embedding", "rerank", "reranker"})
STEPS: Final = frozenset(
    {"create_agent", "invoke_agent", "invoke_workflow", "execute_tool", "retrieval", "plan"}
    | {"chain", "agent", "tool", "retriever", "guardrail", "evaluator", "prompt"}  # OpenInference
    | {"workflow", "task"}  # OpenLLMetry
)
OPERATION_NAMES: Final = (
    "gen_ai.operation.name",
    "openinference.span.kind",
    "llm.request.type",
    "traceloop.span.kind",
)
PROVIDER_NAMES: Final = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "llm.vendor")
REQUEST_MODEL_NAMES: Final = ("gen_ai.request.model", "llm.request.model", "llm.model_name")
RESPONSE_MODEL_NAMES: Final = ("gen_ai.response.model", "llm.response.model")
INPUT_TOKEN_NAMES: Final = (
    *("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    *("llm.token_count.prompt", "llm.usage.prompt_tokens"),
)
OUTPUT_TOKEN_NAMES: Final = (
    *("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    *("llm.token_count.completion", "llm.usage.completion_tokens"),
)
REASONING_TOKEN_NAMES: Final = (
    *("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.output_tokens.reasoning", "gen_ai.usage.reasoning_tokens"),
    *("llm.token_count.completion_details.reasoning", "llm.usage.reasoning_tokens"),
)
CACHED_TOKEN_NAMES: Final = (
    *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.input_tokens.cached"),
    *("gen_ai.usage.cache_read_input_tokens", "llm.token_count.prompt_details.cache_read"),
)
LIMIT_NAMES: Final = ("gen_ai.request.max_tokens", "llm.request.max_tokens")
TEMPERATURE_NAMES: Final = ("gen_ai.request.temperature", "llm.request.temperature", "llm.temperature")
CHOICE_NAMES: Final = ("gen_ai.request.choice.count", "gen_ai.request.n", "llm.request.n")
STATUS_NAMES: Final = ("http.response.status_code", "http.status_code", "error.type")
RESPONSE_ID_NAMES: Final = ("gen_ai.response.id", "llm.response.id")
END_USER_NAMES: Final = (  # what callers say about themselves: never an account
    *("litellm.metadata.user_api_key_end_user_id", "metadata.user_api_key_end_user_id"),
    *("user.id", "enduser.id", "enduser.pseudo.id", "llm.user", "traceloop.association.properties.user_id"),
    "ai.telemetry.metadata.userId",
)
CONVERSATION_NAMES: Final = (
    *("gen_ai.conversation.id", "session.id", "traceloop.association.properties.session_id"),
    "ai.telemetry.metadata.sessionId",
)
PLATFORMS: Final = {
    "aws.bedrock": "bedrock",
    "aws": "bedrock",
    "bedrock": "bedrock",
    "vertexai": "vertex",
    "gcp.vertex_ai": "vertex",
    "vertex_ai": "vertex",
    "google_vertexai": "vertex",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "az.ai.openai": "azure",
    "az.ai.inference": "azure",
    "azure": "azure",
}
REFUSALS: Final = frozenset({"content_filter", "refusal", "safety"})  # OpenAI; Anthropic; Gemini


def why_no_call(attributes: Mapping[str, Any]) -> str | None:
    """Return None for the attributes of one model call, else the reason why they are out of scope.

    A span without an operation's name is a call only if it names both a provider and a model: gateways copy the model
    alone onto spans for authentication and routing.
    """
    operation = next((name for key in OPERATION_NAMES if (name := identifier(attributes.get(key)))), None)
    operation = operation.lower() if operation else None
    if operation in CALLS or operation == "llm":  # OpenInference
        return None
    if operation in EMBEDDINGS:
        return "not-generation"
    if operation in STEPS:
        return "agent-step"
    model = _named(attributes, REQUEST_MODEL_NAMES + RESPONSE_MODEL_NAMES)
    if model is None or _named(attributes, PROVIDER_NAMES) is None:
        return "not-a-model-call"
    if operation is None:
        return None
    has_usage = _counted(attributes, OUTPUT_TOKEN_NAMES) is not None or _named(attributes, RESPONSE_ID_NAMES)
    return None if has_usage else "not-a-model-call"  # an operation that no convention has yet


def call_columns(attributes: Mapping[str, Any], events: Iterable[Event], *, is_error: bool) -> dict[str, Any]:
    """Return every column that the span itself tells, without the account; unknown ones are left out."""
    held = list(events)
    answered = None if is_error else answers(attributes, held)
    reasons = finish_reasons(attributes, answered)
    invocation = mapping(decoded(attributes.get("llm.invocation_parameters")))  # OpenInference
    columns: dict[str, Any] = {
        "model": _named(attributes, REQUEST_MODEL_NAMES + RESPONSE_MODEL_NAMES),
        "platform": platform_of(attributes),
        "conversation_id": _named(attributes, CONVERSATION_NAMES),
        "end_user_id": _named(attributes, END_USER_NAMES),
        "response": answer_text(answered),
        "tool_names": _tool_names(attributes),
        "n_choices": _n_choices(attributes, invocation, reasons, answered),
        "temperature": _temperature(attributes, invocation),
        "max_tokens": first_count(
            *(attributes.get(name) for name in LIMIT_NAMES),
            *(invocation.get(name) for name in ("max_tokens", "max_completion_tokens", "max_output_tokens")),
        ),
        "input_tokens": _counted(attributes, INPUT_TOKEN_NAMES),
        "output_tokens": _counted(attributes, OUTPUT_TOKEN_NAMES),
        "reasoning_tokens": _counted(attributes, REASONING_TOKEN_NAMES),
        "cached_tokens": _counted(attributes, CACHED_TOKEN_NAMES),
        "status": http_status(*(attributes.get(name) for name in STATUS_NAMES)),
        "refused": True if REFUSALS & {reason.lower() for reason in reasons} else None,
        **sent_columns(attributes, held),
    }
    returned = answer_signatures(answered)
    if returned:
        columns["thinking_signatures"] = [*columns.get("thinking_signatures", ()), *returned]
    return {name: value for name, value in columns.items() if value is not None}


def response_id(attributes: Mapping[str, Any]) -> str | None:
    """Return the id that the provider gave the answer."""
    return _named(attributes, RESPONSE_ID_NAMES)


def platform_of(attributes: Mapping[str, Any]) -> str:
    """Return the pathway: a cloud's where the provider's name is a cloud's, else ``api``."""
    provider = _named(attributes, PROVIDER_NAMES)
    return PLATFORMS.get(provider.lower(), "api") if provider else "api"


def _n_choices(
    attributes: Mapping[str, Any], invocation: Mapping[str, Any], reasons: list[str], answered: list[Any] | None
) -> int | None:
    """Return how many choices were asked for; where no attribute says so, as many as came back."""
    told = first_count(*(attributes.get(name) for name in CHOICE_NAMES), invocation.get("n"))
    return told or len(reasons) or len(answered or ()) or None


def _temperature(attributes: Mapping[str, Any], invocation: Mapping[str, Any]) -> float | None:
    told = (*(attributes.get(name) for name in TEMPERATURE_NAMES), invocation.get("temperature"))
    return next((found for value in told if (found := number(value)) is not None), None)


def _tool_names(attributes: Mapping[str, Any]) -> list[str] | None:
    definitions = decoded(attributes.get("gen_ai.tool.definitions"))
    if definitions is not None:
        return tool_names(definitions)
    if told := items(attributes.get("ai.prompt.tools")):  # Vercel's AI SDK
        return tool_names([decoded(tool) for tool in told])
    listed = indexed(attributes, "llm.request.functions.")  # OpenLLMetry
    if not listed:
        listed = [
            decoded(mapping(mapping(entry).get("tool")).get("json_schema"))
            for entry in indexed(attributes, "llm.tools.")
        ]  # OpenInference
    return tool_names(items(listed)) if listed else None


def _named(attributes: Mapping[str, Any], names: Iterable[str]) -> str | None:
    return identifier(*(attributes.get(name) for name in names))


def _counted(attributes: Mapping[str, Any], names: Iterable[str]) -> int | None:
    return first_count(*(attributes.get(name) for name in names))

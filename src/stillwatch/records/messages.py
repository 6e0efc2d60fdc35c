"""Message lists of every common shape to what an exchange is: the system prompt, what is new, and which turn it is.

Accepted are OpenAI chat messages and Responses items, Anthropic messages, Bedrock Converse and Gemini contents,
OpenTelemetry GenAI messages, and LangChain messages as LangSmith keeps them. Nothing here raises on a strange shape:
what is not understood is left out and counted.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

SYSTEM_ROLES: Final = frozenset({"system", "developer"})
ASSISTANT_ROLES: Final = frozenset({"assistant", "model", "ai"})  # OpenAI and Anthropic; Gemini; LangChain
ASSISTANT_ITEMS: Final = frozenset(  # Responses API items that the model made and that carry no role
    {
        "reasoning",
        "function_call",
        "custom_tool_call",
        "computer_call",
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "mcp_call",
    }
)
LANGCHAIN_ROLES: Final = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "tool"}
TEXT_KEYS: Final = ("text", "content", "output", "result", "response", "json")  # where a part may keep what it says
RESULT_KEYS: Final = ("toolResult", "functionResponse", "function_response")  # Bedrock Converse, Gemini
SILENT_PARTS: Final = frozenset(  # parts that say nothing, or that the model said to itself
    {"image", "image_url", "input_image", "input_audio", "audio", "file", "input_file", "video", "blob", "uri"}
    | {"thinking", "redacted_thinking", "reasoning", "tool_use", "tool_call", "server_tool_use"}
)
SILENT_KEYS: Final[Mapping[str, frozenset[str]]] = {  # parts named by their key, told by a key inside: no text either
    "toolUse": frozenset({"name", "toolUseId"}),  # Bedrock Converse, as the next four
    "reasoningContent": frozenset({"reasoningText", "redactedContent"}),
    "image": frozenset({"source"}),
    "video": frozenset({"source"}),
    "cachePoint": frozenset({"type"}),
    "functionCall": frozenset({"name"}),  # Gemini, in both spellings, to the end
    "function_call": frozenset({"name"}),
    "inlineData": frozenset({"data"}),
    "inline_data": frozenset({"data"}),
    "fileData": frozenset({"fileUri", "mimeType"}),
    "file_data": frozenset({"file_uri", "mime_type"}),
}
MAX_DEPTH: Final = 6  # a tool result inside a part inside a message needs 4
JOINT: Final = "\n\n"  # between messages and between parts, so that words of two of them never touch


@dataclass(frozen=True, slots=True)
class SplitMessages:
    """What a message list says about one exchange.

    Args:
        system_prompt: the system and developer messages, joined; null if there are none.
        prompt: what is new in this request, tool results and a prefilled answer included; null if nothing was sent,
            empty if what was sent has no text (an image alone).
        turn: how often the assistant has spoken before what is new; 0 in a first request.
        conversation_seed: a digest of the system prompt and the first user message, the same in each turn of a
            conversation; null if there is no such message. It is not keyed: use it to group records within a run,
            and let it rest nowhere.
        thinking_signatures: the signatures sent back in this request, in order.
        n_skipped: entries of the list that were no messages.
    """

    system_prompt: str | None
    prompt: str | None
    turn: int
    conversation_seed: str | None
    thinking_signatures: tuple[str, ...]
    n_skipped: int


def split_messages(messages: object, system: object = None) -> SplitMessages:
    """Split a message list into its system prompt, what is new, and the turn.

    New is what follows the assistant's last word. A list that ends with the assistant's own words is a prefilled
    answer: those words are the caller's, so they are new too. Consecutive assistant messages are one turn.

    Args:
        messages: a list of messages, or a plain string, which is one user message.
        system: a system prompt kept beside the list (Anthropic ``system``, Responses ``instructions``).
    """
    entries = entries_of(messages)
    spoken: list[tuple[str, str]] = []  # role, text; without the system's
    system_texts = [text] if (text := text_of(system)) else []
    signatures: list[str] = []
    n_skipped = 0
    for entry in entries:
        role = role_of(entry)
        if role is None:
            n_skipped += 1
            continue
        text = text_of(entry)
        if role == "system":
            if text:
                system_texts.append(text)
            continue
        if role == "assistant":
            signatures.extend(signatures_of(entry))
        spoken.append((role, text))
    new_from = _start_of_new(spoken)
    new = [text for _, text in spoken[new_from:]]
    first_user = next((text for role, text in spoken if role != "assistant"), None)
    system_prompt = JOINT.join(system_texts) or None
    return SplitMessages(
        system_prompt=system_prompt,
        prompt=JOINT.join(text for text in new if text) if new else None,
        turn=_assistant_runs(spoken[:new_from]),
        conversation_seed=None if first_user is None else _seed(system_prompt, first_user),
        thinking_signatures=tuple(signatures),
        n_skipped=n_skipped,
    )


def entries_of(messages: object) -> list[Any]:
    """Return the messages of a list, LangChain's own forms as plain ones; a list of lists is one after another."""
    if isinstance(messages, str | Mapping):
        return [_plain(messages)]
    listed = _sequence(messages)
    if listed and all(isinstance(inner, list) for inner in listed):  # LangSmith: one list a prompt of a batch
        listed = [entry for inner in listed for entry in inner]
    return [_plain(entry) for entry in listed]


def _plain(entry: Any) -> Any:
    """Return a LangChain message, serialised or dumped, with its role and content as others have them."""
    if not isinstance(entry, Mapping) or isinstance(entry.get("role"), str):
        return entry
    kind, held = entry.get("type"), entry
    for key in ("kwargs", "data"):
        if isinstance(entry.get(key), Mapping) and "content" in entry[key]:
            held = entry[key]
    if kind == "constructor":  # serialised: the class is the last part of its id
        names = _sequence(entry.get("id"))
        kind = str(names[-1] if names else held.get("type")).lower().partition("message")[0]
    role = LANGCHAIN_ROLES.get(kind) if isinstance(kind, str) else None
    return entry if role is None or "content" not in held else {"role": role, "content": held["content"]}


def role_of(entry: object) -> str | None:
    """Return ``system``, ``assistant`` or ``user`` (which includes tools), or None for what is no message."""
    if isinstance(entry, str):
        return "user"
    if not isinstance(entry, Mapping):
        return None
    role = entry.get("role")
    if not isinstance(role, str):
        kind = entry.get("type")
        if isinstance(kind, str) and kind in ASSISTANT_ITEMS:
            return "assistant"
        return "user" if any(key in entry for key in ("content", "output", "parts", "text")) else None
    role = role.lower()
    if role in SYSTEM_ROLES:
        return "system"
    return "assistant" if role in ASSISTANT_ROLES else "user"


def text_of(content: object) -> str:
    """Return all text of a message, of its content or of one part; tool results count, tool calls and thinking do not.

    Args:
        content: a string, a part, a message, or a list of these.
    """
    return JOINT.join(text for text in _texts(content, MAX_DEPTH) if text)


def signatures_of(message: object) -> Iterator[str]:
    """Yield the thinking signatures in one assistant message, in order."""
    if not isinstance(message, Mapping):
        return
    for part in _sequence(message.get("content")) or _sequence(message.get("parts")) or (message,):
        if not isinstance(part, Mapping):
            continue
        nested = part.get("reasoningContent")  # Bedrock Converse
        thought = nested.get("reasoningText") if isinstance(nested, Mapping) else part
        if not isinstance(thought, Mapping):
            continue
        signature = (
            thought.get("signature")
            or thought.get("encrypted_content")
            or thought.get("thoughtSignature", thought.get("thought_signature"))
        )  # Anthropic and Bedrock; Responses reasoning items; Gemini
        if part.get("type") == "redacted_thinking":
            signature = part.get("data")
        if isinstance(signature, str) and signature:
            yield signature


def tool_names(tools: object) -> list[str] | None:
    """Return the names in a request's tool list, in order; empty for no tools.

    Args:
        tools: OpenAI (``function.name``), Anthropic and Responses (``name``), Bedrock (``toolSpec.name``) or Gemini
            (``functionDeclarations``) tools. Absent (None) means that the request offers none, as in each of these.
    """
    if tools is None:
        return []
    if isinstance(tools, Mapping):
        tools = tools.get("tools")  # Bedrock Converse toolConfig
    if not isinstance(tools, Sequence) or isinstance(tools, str | bytes):
        return None
    names: list[str] = []
    for tool in tools:
        if isinstance(tool, Mapping):
            declared = tool.get("functionDeclarations") or tool.get("function_declarations")
            names.extend(name for one in _sequence(declared) or (tool,) if (name := _tool_name(one)))
        elif isinstance(tool, str) and tool:
            names.append(tool)
    return names


def _tool_name(tool: object) -> str | None:
    if not isinstance(tool, Mapping):
        return None
    inner = tool.get("function") or tool.get("toolSpec")
    named = inner if isinstance(inner, Mapping) else tool
    name = named.get("name") or tool.get("type")  # a built-in tool, as web_search, has only a type
    return name if isinstance(name, str) and name else None


def _texts(content: object, depth: int) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif depth and isinstance(content, Mapping):
        for inner in _inner(content):
            yield from _texts(inner, depth - 1)
    elif depth:
        for part in _sequence(content):
            yield from _texts(part, depth - 1)


def _inner(part: Mapping[str, Any]) -> Sequence[Any]:
    """Return what a part or message says, still to be turned to text."""
    kind = part.get("type")
    if (isinstance(kind, str) and kind in SILENT_PARTS) or part.get("thought") is True:  # thought: Gemini's summaries
        return ()
    if kind == "document" or isinstance(part.get("document"), Mapping):
        return _document(part if kind == "document" else part["document"])
    for key, marks in SILENT_KEYS.items():
        if isinstance(part.get(key), Mapping) and not marks.isdisjoint(part[key]):
            return [part["text"]] if "text" in part else ()
    for key in ("parts", *RESULT_KEYS, *TEXT_KEYS):  # parts: Gemini, OpenTelemetry
        if part.get(key) is not None:
            return (part[key],)
    if "type" in part or "role" in part:
        return ()
    return list(part.values())  # a tool's answer given as an object


def _document(document: Mapping[str, Any]) -> Sequence[Any]:
    """Return a document's text where it was sent as text; a file's bytes are none (Anthropic, Bedrock Converse)."""
    source = document.get("source")
    if not isinstance(source, Mapping):
        return ()
    said = [source["data"]] if source.get("type") == "text" and "data" in source else []
    return [*said, *(source[key] for key in ("text", "content") if key in source)]


def _start_of_new(spoken: Sequence[tuple[str, str]]) -> int:
    """Return where the new part begins: after the last assistant message that something else follows."""
    end = len(spoken)
    while end and spoken[end - 1][0] == "assistant":
        end -= 1  # a prefilled answer
    for index in range(end - 1, -1, -1):
        if spoken[index][0] == "assistant":
            return index + 1
    return 0


def _assistant_runs(spoken: Sequence[tuple[str, str]]) -> int:
    roles = [role for role, _ in spoken]
    return sum(role == "assistant" and (i == 0 or roles[i - 1] != "assistant") for i, role in enumerate(roles))


def _seed(system_prompt: str | None, first_user: str) -> str:
    digest = hashlib.blake2b(digest_size=16, person=b"conversation")
    for text in (system_prompt or "", first_user):
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little"))
        digest.update(raw)
    return digest.hexdigest()


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()

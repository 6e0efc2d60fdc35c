"""What is wrong with a document, as refusals of ours: one sentence each for reading and for writing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from stillwatch.dossiers.codec import MismatchError
from stillwatch.errors import InputError, OutputError


@contextmanager
def reading(document: str, schema: str) -> Iterator[None]:
    """Turn what decoding raises into an ``InputError`` that names the place.

    Args:
        document: the file's name.
        schema: the schema that was expected.
    """
    try:
        yield
    except MismatchError as broken:
        raise InputError(
            f"{document}: {broken.path}", "the document breaks its schema", got=broken.got, expected=broken.expected,
            fix="If another version of stillwatch wrote it, make it anew with this one.",
        ) from None  # fmt: skip
    except (UnicodeDecodeError, json.JSONDecodeError) as broken:
        raise InputError(document, "not a JSON document", got=str(broken), expected=schema) from None
    except RecursionError:
        raise InputError(document, "nested too deeply", expected=schema) from None


@contextmanager
def writing(document: str, noun: str) -> Iterator[None]:
    """Turn what encoding raises into an ``OutputError`` that names the place.

    Args:
        document: the file's name.
        noun: what it holds, as ``case``.
    """
    try:
        yield
    except MismatchError as broken:
        raise OutputError(
            f"{document}: {broken.path}", f"the {noun} cannot be written", got=broken.got, expected=broken.expected
        ) from None
    except orjson.JSONEncodeError:  # a string with half a surrogate pair
        raise OutputError(document, f"the {noun} holds text that is not Unicode", expected="valid UTF-8") from None

"""The families of evidence, in the order in which a reader meets them."""

from typing import Final

CHANNELS: Final = {
    "content": "Content: templates, cues and shape of the requests",
    "work_list": "Work list: how tasks are dealt out",
    "rhythm": "Rhythm: sign-ups, starts, stops and hours",
    "identity": "Identity: what accounts say of themselves and share",
    "infrastructure": "Infrastructure: addresses and clients",
    "volume": "Volume: how much is sent",
    "registry": "Registry of authorisations",
}

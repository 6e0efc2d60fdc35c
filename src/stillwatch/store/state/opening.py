"""A state's manifest, opened for one key and one version of the sketches."""

from collections.abc import Mapping

from stillwatch.errors import StateError
from stillwatch.store.state.manifest import Manifest, from_bytes
from stillwatch.store.state.vault import Vault


def opened(vault: Vault) -> Manifest | None:
    """Return a state's manifest, or null where there is no state yet.

    Raises:
        StateError: it is damaged, or of another version.
    """
    content = vault.manifest()
    return None if content is None else from_bytes(content, f"{vault.name}/manifest")


def existing(vault: Vault) -> Manifest:
    """Return a state's manifest.

    Raises:
        StateError: there is no state, or it is damaged, or of another version.
    """
    manifest = opened(vault)
    if manifest is None:
        raise StateError(vault.name, "no state stands there", fix="Make one: stillwatch scan TRAFFIC --state DIR ...")
    return manifest


def opened_for(vault: Vault, key_id: str, sketches: Mapping[str, str]) -> Manifest:
    """Return a state's manifest, a new one where there is none yet, for sketches of one kind.

    Args:
        vault: where it rests.
        key_id: of the key that is used now.
        sketches: version and weights of the sketches that are made now.

    Raises:
        StateError: the state was made with another key or other sketches, which cannot be compared with these.
    """
    manifest = opened(vault)
    if manifest is None:
        return Manifest(key_id, dict(sketches))
    if manifest.key_id != key_id:
        raise StateError(
            vault.name, "the state was made with another key", got=f"key {key_id}", expected=f"key {manifest.key_id}",
            fix="Give that key with --key-file, or begin a new state.",
        )  # fmt: skip
    if dict(manifest.sketches) != dict(sketches):
        raise StateError(
            vault.name, "the state holds sketches of another version", got=str(dict(sketches)),
            expected=str(dict(manifest.sketches)), fix="Begin a new state from the traffic, beside this one.",
        )  # fmt: skip
    return manifest

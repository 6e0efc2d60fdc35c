"""The shelf of dossiers hands out what it made and nothing else of the disk."""

import pytest

from stillwatch.errors import NotFoundError, SettingsError
from stillwatch.pipeline.dossier_shelf import DossierShelf

NAME = "d-20260301T090000Z-c1"


@pytest.fixture
def folder(tmp_path):
    """A shelf with one dossier of the group c-1, with odd things beside and in it."""
    made = tmp_path / "shelf" / NAME
    made.mkdir(parents=True)
    (made / "dossier.json").write_text("{}")
    (made / "link.json").symlink_to("/etc/passwd")
    (made / ".hidden").write_text("x")
    (tmp_path / "shelf" / "d-20260302T090000Z-c1").symlink_to("/etc")
    (tmp_path / "secret.json").write_text("secret")
    return tmp_path / "shelf"


def test_file_of_a_dossier_is_handed_out(folder):
    """What lies in it under a plain name."""
    shelf = DossierShelf(folder)
    assert shelf.file(NAME, "dossier.json") == b"{}"
    assert NAME in shelf.names("c-1")
    assert shelf.names("c-2") == ()
    assert shelf.get(NAME).made_at.isoformat() == "2026-03-01T09:00:00+00:00"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        (NAME, "link.json"), (NAME, ".hidden"), (NAME, "../../secret.json"), (NAME, ".."), (NAME, ""),
        (NAME, "nothing.json"), ("..", "secret.json"), ("d-20260302T090000Z-c1", "passwd"),
        (f"{NAME}/..", "dossier.json"),
        (f"{NAME}\n", "dossier.json"),
    ],
)  # fmt: skip
def test_nothing_else_is(folder, name, file):
    """No link, no hidden file, no way up, no other folder."""
    with pytest.raises(NotFoundError):
        DossierShelf(folder).file(name, file)


def test_key_is_made_once_for_its_owner_alone(tmp_path):
    """A second key would make the first one's dossiers unbelievable; given keys are not replaced."""
    shelf = DossierShelf(tmp_path / "shelf")
    assert not shelf.can_sign
    shelf.make_key("ada")
    assert shelf.can_sign
    assert (tmp_path / "shelf" / "signing.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsError):
        shelf.make_key("ada")
    with pytest.raises(SettingsError):
        DossierShelf(tmp_path / "other", tmp_path / "own.key", tmp_path / "trust.json").make_key("ada")

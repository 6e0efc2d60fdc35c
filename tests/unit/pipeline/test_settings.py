"""Tests of the settings file."""

from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.pipeline.settings import Settings, load_settings


def written(folder: Path, text: str) -> Path:
    """Return a settings file of this text."""
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    """Without a file, and with an empty one, a scan runs as released."""
    assert load_settings(None) == Settings() == load_settings(written(tmp_path, ""))


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    """Named values are taken; a whole number serves where a fraction is wanted."""
    found = load_settings(written(tmp_path, "q_level = 0.01\nleast_members = 8\nthreads = 2\n"))
    assert found == Settings(q_level=0.01, least_members=8, threads=2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("q_levle = 0.1", "unknown setting"),
        ("[scan]\nq_level = 0.1", "unknown setting"),
        ('q_level = "0.1"', "wrong type"),
        ("q_level = true", "wrong type"),
        ("least_members = 5.0", "wrong type"),
        ("least_members = [5]", "wrong type"),
        ("threads = true", "wrong type"),
        ("weights = 7", "wrong type"),
        ("q_level = 0", "out of range"),
        ("q_level = 1.0", "out of range"),
        ("q_level = -0.05", "out of range"),
        ("q_level = nan", "out of range"),
        ("q_level = inf", "out of range"),
        ("p_leading = 0.5", "out of range"),
        ("least_members = 2", "too small"),
        ("threads = -1", "out of range"),
        ("memory_mib = -5", "out of range"),
        ("q_level = ", "cannot be read"),
        ("q_level = 0.1\nq_level = 0.2", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_before_the_run(text: str, problem: str, tmp_path: Path) -> None:
    """Unknown keys, wrong types and values out of range are refused with the reason, never ignored."""
    with pytest.raises(SettingsError, match=problem) as refused:
        load_settings(written(tmp_path, text))
    assert refused.value.exit_status == 4


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder and bytes that are no text are refused as settings errors."""
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00q")
    for path in (tmp_path / "missing.toml", tmp_path, binary):
        with pytest.raises(SettingsError, match="cannot be read"):
            load_settings(path)


def test_an_unknown_setting_names_the_known_ones(tmp_path: Path) -> None:
    """The refusal says what could have been meant."""
    with pytest.raises(SettingsError) as refused:
        load_settings(written(tmp_path, "q_levle = 0.1"))
    assert refused.value.got == "q_levle"
    assert "q_level" in str(refused.value.expected)

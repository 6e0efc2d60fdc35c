"""Every refusal of stillwatch: its code, its exit status and its HTTP status.

The parts of a refusal (where, problem, got, expected, fix) stay attributes, so that nobody parses a sentence.
"""

from typing import ClassVar


class StillwatchError(Exception):
    """A refusal that the caller can act on.

    The sentence reads ``{where}: {problem}: got {got}, expected {expected}. {fix} [{code}]``; parts that are
    not known are left out.
    """

    code: ClassVar[str] = "refused"
    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(
        self, where: str, problem: str, *, got: str | None = None, expected: str | None = None, fix: str | None = None
    ) -> None:
        self.where = where
        self.problem = problem
        self.got = got
        self.expected = expected
        self.fix = fix
        super().__init__(self.sentence())

    def parts(self) -> dict[str, str | None]:
        """Return the parts by name, as programs are told them; null where one is not known."""
        return {name: getattr(self, name) for name in ("code", "where", "problem", "got", "expected", "fix")}

    def sentence(self) -> str:
        """Return the refusal as one sentence, the next step and the code."""
        head = f"{self.where}: {self.problem}"
        details = [
            part for part in (self.got and f"got {self.got}", self.expected and f"expected {self.expected}") if part
        ]
        if details:
            head += ": " + ", ".join(details)
        return f"{head}. {self.fix + ' ' if self.fix else ''}[{self.code}]"


class UsageError(StillwatchError):
    """The command line asks for something that does not exist or does not fit together."""

    code = "usage"
    exit_status = 2
    http_status = 400


class InputError(StillwatchError):
    """An input as a whole cannot be read; single bad records go to quarantine instead."""

    code = "bad-input"
    exit_status = 3
    http_status = 400


class ClosedFileError(InputError):
    """A file cannot be opened, so that not even its digest is known."""


class UnknownFormatError(InputError):
    """No reader recognises a file."""

    code = "unknown-format"


class AmbiguousFormatError(UnknownFormatError):
    """More than one reader recognises a file alike; the user must choose."""


class FieldMapError(InputError):
    """A field map is wrong; found before the run."""

    code = "bad-field-map"


class SettingsError(StillwatchError):
    """A settings or key file is wrong."""

    code = "bad-settings"
    exit_status = 4
    http_status = 400


class OutputError(StillwatchError):
    """The output cannot be written."""

    code = "bad-output"
    exit_status = 5


class EngineError(StillwatchError):
    """The engine that was asked for cannot run here, or failed."""

    code = "bad-engine"
    exit_status = 9
    http_status = 503


class StateError(StillwatchError):
    """A state is refused: damaged, of another key or version, or no state at all. Nothing in it was changed."""

    code = "bad-state"
    exit_status = 8
    http_status = 409


class StateInUseError(StateError):
    """Another process is writing to the state."""

    code = "state-in-use"


class Interrupted(StillwatchError):  # noqa: N818 - the user's own decision, not an error
    """The user stopped the run; nothing half-written is left."""

    code = "interrupted"
    exit_status = 130


class DeskError(StillwatchError):
    """The rules of the desk refuse what was asked: a second person, a role, a state, a reason."""

    code = "desk-rule"
    exit_status = 6
    http_status = 422


class StaleError(DeskError):
    """Somebody decided something about the same subject after the form was made; nothing was recorded."""

    code = "stale"
    http_status = 409


class NotAllowedError(DeskError):
    """The person has not the role that this takes, or may not do it to this."""

    code = "not-allowed"
    http_status = 403


class NotFoundError(DeskError):
    """What was named is not there."""

    code = "not-found"
    http_status = 404


class BrokenLogError(StillwatchError):
    """An entry of the audit log is not what was written."""

    code = "broken-log"
    exit_status = 7
    http_status = 500

"""Help that reads well: many options under headings, the most wanted first, and commands with whole sentences."""

from collections.abc import Mapping
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

OTHERS: Final = "Options"
WHOLE: Final = 1000  # characters of a command's first sentence: all of it, wrapped


class ListedGroup(TyperGroup):
    """A group of commands whose help lists each with its whole first sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each command with its first sentence; none ends in dots."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([
                (name, one.get_short_help_str(WHOLE)) for name, one in found if one is not None and not one.hidden
            ])  # fmt: skip


def grouped(headings: Mapping[str, tuple[str, ...]]) -> type[TyperCommand]:
    """Return a kind of command whose help lists options under headings.

    Args:
        headings: each heading with its options, as ``--out``, in the order of the help; options under none come last.
    """

    class Grouped(TyperCommand):
        """A command whose options are listed under headings."""

        def format_options(self, ctx: Any, formatter: Any) -> None:
            """Write the arguments, then each heading with its options, then the other options."""
            shown = [(one, record) for one in self.get_params(ctx) if (record := one.get_help_record(ctx)) is not None]
            record_of = {one.opts[0]: record for one, record in shown if one.param_type_name == "option"}
            sections = {"Arguments": [record for one, record in shown if one.param_type_name == "argument"]}
            for heading, names in headings.items():
                sections[heading] = [record_of.pop(name) for name in names]
            sections[OTHERS] = list(record_of.values())
            for heading, records in sections.items():
                if records:
                    with formatter.section(heading):
                        formatter.write_dl(records)

    return Grouped

"""The report: one self-contained HTML file that asks nothing of the network and states every fact without scripts.

Nothing of the input becomes markup: the template engine escapes each value, and before that each value is made
visible (see ``inert``). The content security policy allows exactly our one style sheet and our one script, by hash.
"""

import base64
import functools
import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import jinja2
from markupsafe import Markup

from stillwatch.dossiers.case import Campaign, Case, Evidence, Funnel
from stillwatch.dossiers.render import inert, numbers, statistic, verdict
from stillwatch.dossiers.render.charts import activity, bars, comparison, network, waterfall
from stillwatch.dossiers.render.detail import detail_for
from stillwatch.dossiers.render.long_values import LongValues

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Stage:
    """One bar of the funnel."""

    title: str
    count: int
    note: str
    unit: str  # exchanges, accounts or groups


@dataclass(frozen=True, slots=True)
class Member:
    """One listed account; the numbers are null where it is not drawn."""

    account_id: str
    p_member: float | None
    n_links: int | None


def render_html(case: Case) -> str:
    """Return the report of a case as one HTML document, at most about 2 MB for 40 groups of 300 drawn accounts."""
    style, script = _asset("report.css"), _asset("report.js")
    values = LongValues()
    template = _environment().get_template("report.html.j2")
    page = template.render(
        case=case,
        detail=detail_for(len(case.campaigns)),
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        ident=values.ident,
        cell=values.cell,
        long_values=values,
    )
    return _tidy(page) + "\n"


def funnel_stages(funnel: Funnel) -> tuple[Stage, ...]:
    """Return the stages from what was read to what is accused, each with what it leaves out."""
    left = f"{numbers.count(funnel.quarantined)} quarantined, {numbers.count(funnel.out_of_scope)} out of scope"
    accused = f"{numbers.plural(funnel.accused_accounts, 'account')} accused"
    return (
        Stage("Read", funnel.read, "rows of traffic", "exchanges"),
        Stage("Used", funnel.used, left, "exchanges"),
        Stage("Accounts", funnel.accounts, f"{numbers.count(funnel.authorised_accounts)} authorised", "accounts"),
        Stage("Entities", funnel.entities, "after folding accounts that openly belong together", "accounts"),
        Stage(
            "Template families", funnel.families, "rare phrases, work lists and skeletons in several accounts", "groups"
        ),
        Stage("Candidate groups", funnel.candidate_groups, "linked accounts", "groups"),
        Stage("Groups tested", funnel.tested_groups, "each against chance", "groups"),
        Stage(
            "Groups found",
            funnel.campaigns,
            "each explained, whether coordination is shown or not",
            "groups",
        ),
        Stage("Accusations", funnel.accusations, accused, "groups"),
    )


def members(campaign: Campaign, drawn: network.Network, most: int) -> tuple[Member, ...]:
    """Return the listed accounts: the drawn ones in the order of their dots, then the most probable of the others."""
    nodes = campaign.graph.nodes
    listed = [Member(nodes[i].account_id, nodes[i].p_member, drawn.n_links[i]) for i in drawn.order]
    names = {node.account_id for node in nodes}
    others = [account for account in campaign.accounts if account not in names]
    return tuple([*listed, *(Member(account, None, None) for account in others)][:most])


def told_already(campaign: Campaign) -> frozenset[tuple[str, str]]:
    """Return the observations that the group's own evidence tells, so that rivals need not repeat them."""
    return frozenset((row.name, row.observation) for row in (*campaign.evidence, *campaign.evidence_against))


def sides(evidence: tuple[Evidence, ...]) -> tuple[float, float]:
    """Return the sums of bits for and against."""
    return sum(row.bits for row in evidence if row.bits > 0), sum(row.bits for row in evidence if row.bits < 0)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stillwatch.dossiers.render", "templates"),
        autoescape=True,
        finalize=_inert,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        {
            name: getattr(numbers, name)
            for name in (
                "count",
                "compact",
                "plural",
                "share",
                "certainty",
                "bits",
                "probability",
                "quantity",
                "decimal",
                "odds",
                "day",
                "instant",
                "span",
            )
        }
    )
    environment.filters |= {"humanised": verdict.humanised, "short": inert.short}
    environment.globals |= {
        "DAYS": DAYS,
        "activity": activity.activity,
        "axis": bars.axis,
        "best_title": verdict.best_title,
        "bits_scale": bars.bits_scale,
        "dumbbell": comparison.dumbbell,
        "floating_bar": bars.floating_bar,
        "funnel_stages": funnel_stages,
        "heat_levels": activity.heat_levels,
        "kind": verdict.kind,
        "leading_title": verdict.leading_title,
        "log_bar": bars.log_bar,
        "members": members,
        "network": network.network,
        "null_interval": comparison.null_interval,
        "share_bar": bars.share_bar,
        "sides": sides,
        "standing_words": verdict.standing_words,
        "statistic_words": statistic.statistic_words,
        "sparkline": activity.sparkline,
        "told_already": told_already,
        "tone_of": bars.tone_of,
        "verdict": verdict.verdict,
        "waterfall": waterfall.waterfall,
        "withheld_words": verdict.withheld_words,
    }
    return environment


def _inert(value: Any) -> Any:
    """Make every printed text visible; markup is ours alone, for nothing of the input is ever marked safe."""
    return inert.sentence(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@functools.cache
def _asset(name: str) -> str:
    text = resources.files("stillwatch.dossiers.render").joinpath("assets", name).read_text(encoding="utf-8")
    return _tidy(text)


def _tidy(text: str) -> str:
    """Drop indentation, blank lines and the end tags that HTML lets one leave out.

    No value holds a line break or an unescaped tag any more, so that only our own layout is touched.
    """
    return re.sub(r"</(?:td|th|tr|li|dt|dd)>", "", re.sub(r"\n\s+", "\n", text)).strip()


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_source_hash(style)}'; script-src '{_source_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

"""Pages: templates, what every page has, and how values are written.

Nothing of a case becomes markup: the template engine escapes each value, and before that control, direction and
invisible characters are made visible (``dossiers.render.inert``).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from stillwatch.dossiers.render import html, inert, numbers, statistic, verdict
from stillwatch.dossiers.render.charts import activity, bars, comparison, network, waterfall
from stillwatch.links.comparison import COMPARISONS
from stillwatch.service.console import address, charts
from stillwatch.service.console.assets import Assets
from stillwatch.service.console.failure import FailureParts
from stillwatch.service.console.views.queue import queue_with

LONG_CHARACTERS = 240  # of an identifier on its own page or in a wide table
NUMBERS = (
    "bits", "certainty", "compact", "count", "day", "decimal", "instant", "odds", "plural", "probability", "quantity",
    "share", "span",
)  # fmt: skip


class Pages:
    """Renders the console's pages.

    Args:
        assets: the static files.
        shared: values that every page may use, by name; called for each page.
    """

    def __init__(self, assets: Assets, shared: Callable[[Request], Mapping[str, Any]] = lambda _: {}) -> None:
        self._assets = assets
        self._shared = shared
        self.environment = _environment(assets)

    def show(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page; ``values`` are what its template names."""
        page = self.environment.get_template(template).render(
            {"request": request, "path": request.url.path, **self._shared(request), **values}
        )
        return HTMLResponse(page, status)

    def show_failure(self, request: Request, status: int, title: str, failure: FailureParts) -> Response:
        """Return the page of a refusal; it needs no case."""
        return self.show(request, "failure.html.j2", status, number=status, title=title, failure=failure)


def _environment(assets: Assets) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.PackageLoader("stillwatch.service.console", "templates"),
                jinja2.PackageLoader("stillwatch.dossiers.render", "templates"),  # the report's own sections
            ]
        ),
        autoescape=True,
        finalize=_inert,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {name: getattr(numbers, name) for name in NUMBERS}
    environment.tests |= {"stronger_than": lambda bits, least: abs(bits) >= least}
    environment.filters |= {
        "comparison_title": _comparison_title,
        "days": _days,
        "humanised": verdict.humanised,
        "long_id": _long_id,
        "short": inert.short,
    }
    environment.globals |= {
        "account_address": address.account_address,
        "activity": activity.activity,
        "asset": assets.address,
        "axis": bars.axis,
        "bits_scale": bars.bits_scale,
        "campaign_address": address.campaign_address,
        "DAYS": html.DAYS,
        "day_chart": charts.day_chart,
        "dumbbell": comparison.dumbbell,
        "family_address": address.family_address,
        "floating_bar": bars.floating_bar,
        "funnel_stages": html.funnel_stages,
        "heat_levels": activity.heat_levels,
        "hour_chart": charts.hour_chart,
        "ident": _ident,
        "kind": verdict.kind,
        "leading_title": verdict.leading_title,
        "log_bar": bars.log_bar,
        "network": network.network,
        "null_interval": comparison.null_interval,
        "pair_address": address.pair_address,
        "queue_with": queue_with,
        "number": 1,  # a report numbers its groups; a page has one
        "share_bar": bars.share_bar,
        "slug": address.slug,
        "statistic_words": statistic.statistic_words,
        "sides": html.sides,
        "spark": activity.spark,
        "told_already": html.told_already,
        "tone_of": bars.tone_of,
        "twin": address.twin,
        "value_address": address.value_address,
        "waterfall": waterfall.waterfall,
        "with_query": address.with_query,
    }
    return environment


def _long_id(text: str) -> str:
    """Return an identifier made visible, whole where it fits a few lines, else shortened with a digest."""
    shown = inert.visible(text[: LONG_CHARACTERS + 1])
    return (shown or "(empty)") if len(text) <= LONG_CHARACTERS and len(shown) <= LONG_CHARACTERS else inert.short(text)


def _days(first: datetime, last: datetime, year: int | None = None) -> str:
    """Return a span of days, no part said twice: ``2 to 15 Mar 2026``; a year that goes without saying is left out."""
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    if (first.year, first.month, first.day) == (last.year, last.month, last.day):
        return numbers.day(last).removesuffix(f" {year}")
    start = f"{first.day} {first:%b %Y}"
    if first.year == last.year:
        start = f"{first.day}" if first.month == last.month else f"{first.day} {first:%b}"
    span = f"{start} to {numbers.day(last)}"
    return span.removesuffix(f" {year}") if first.year == last.year == year else span


def _ident(text: str) -> Markup:
    return Markup('<bdi class="id">{}</bdi>').format(_long_id(text))


def _comparison_title(name: str) -> str:
    known = COMPARISONS.get(name)
    return known.title if known else verdict.humanised(name)


def _inert(value: Any) -> Any:
    """Make every printed text visible; markup is ours alone, for nothing of a case is ever marked safe."""
    return inert.sentence(value) if isinstance(value, str) and not isinstance(value, Markup) else value

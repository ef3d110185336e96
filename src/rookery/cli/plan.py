"""`rookery plan`: what a load would take of the cluster engine, and what would break first."""

from dataclasses import fields
from typing import Annotated, Any

import typer

from rookery.cli.options import ConfigOption, JsonOption, settings_for
from rookery.core.errors import OperatorError
from rookery.plan.load import Load, checked, option

_ABOUT = {one.name: one.metadata["doc"] for one in fields(Load)}


def _ratio(name: str) -> Any:
    return typer.Option(option(name), metavar="NUMBER", help=_ABOUT[name])


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("plan")(plan)


def plan(
    dau: Annotated[float, _ratio("dau")] = Load().dau,
    posts_per_user: Annotated[float, _ratio("posts_per_user")] = Load().posts_per_user,
    retweet_share: Annotated[float, _ratio("retweet_share")] = Load().retweet_share,
    reply_share: Annotated[float, _ratio("reply_share")] = Load().reply_share,
    reads_per_user: Annotated[float, _ratio("reads_per_user")] = Load().reads_per_user,
    profiles_per_user: Annotated[float, _ratio("profiles_per_user")] = Load().profiles_per_user,
    searches_per_user: Annotated[float, _ratio("searches_per_user")] = Load().searches_per_user,
    likes_per_user: Annotated[float, _ratio("likes_per_user")] = Load().likes_per_user,
    follows_per_user: Annotated[float, _ratio("follows_per_user")] = Load().follows_per_user,
    follows: Annotated[float, _ratio("follows")] = Load().follows,
    delivered_share: Annotated[float, _ratio("delivered_share")] = Load().delivered_share,
    monthly_per_daily: Annotated[float, _ratio("monthly_per_daily")] = Load().monthly_per_daily,
    hour_share: Annotated[float, _ratio("hour_share")] = Load().hour_share,
    cold_share: Annotated[float, _ratio("cold_share")] = Load().cold_share,
    months: Annotated[float, _ratio("months")] = Load().months,
    peak: Annotated[float, _ratio("peak")] = Load().peak,
    busy_share: Annotated[float, _ratio("busy_share")] = Load().busy_share,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a page.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Reckon what so many people would take of the cluster engine, and what would break first.

    Processes of each kind, memory and work of Redis, reads and writes of DynamoDB, the index, network and storage, at
    the mean and at the peak; every assumption with its source, the limit that is met first and at how many people, and
    10,000, a million and 100 million side by side. What a thing costs comes from the benchmarks.

    Example: rookery plan --dau 2e6 --reads-per-user 40 --follows 100
    """
    from rookery.plan import (
        measured,
        render,
        report,
    )  # with the cluster engine, whose libraries take their time

    if as_json and as_markdown:
        raise OperatorError("A plan is either --json or --markdown: leave one of them out.")
    load = checked(
        Load(
            dau=dau,
            posts_per_user=posts_per_user,
            retweet_share=retweet_share,
            reply_share=reply_share,
            reads_per_user=reads_per_user,
            profiles_per_user=profiles_per_user,
            searches_per_user=searches_per_user,
            likes_per_user=likes_per_user,
            follows_per_user=follows_per_user,
            follows=follows,
            delivered_share=delivered_share,
            monthly_per_daily=monthly_per_daily,
            hour_share=hour_share,
            cold_share=cold_share,
            months=months,
            peak=peak,
            busy_share=busy_share,
        )
    )
    settings = settings_for(None, None, config)
    made = report.Plan(load, measured.figures(), settings.feed.celebrity_followers)
    if as_json:
        print(report.as_json(made))
    else:
        print((render.markdown if as_markdown else render.text)(made.sections()), end="")

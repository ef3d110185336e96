"""`rookery load`: a network out of files."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from rookery.bootstrap import network, prepare
from rookery.cli.loader import Loaded, Loader, Tally
from rookery.cli.options import ConfigOption, DataOption, JsonOption, KeyFileOption, settings_for
from rookery.cli.progress import steps
from rookery.cli.standing import announce
from rookery.config import Settings
from rookery.keyfile import data_key

Authors = Literal["file", "graph"]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("load")(load)


def load(
    graph: Annotated[
        Path | None,
        typer.Option(
            "--graph",
            metavar="EDGES",
            exists=True,
            dir_okay=False,
            help="Follows: a line `a b` says a follows b.",
        ),
    ] = None,
    undirected: Annotated[
        bool, typer.Option("--undirected", help="A line `a b` of the graph says b follows a, too.")
    ] = False,
    tweets: Annotated[
        Path | None,
        typer.Option(
            "--tweets",
            metavar="CSV",
            exists=True,
            dir_okay=False,
            help="Tweets, with a first line of column names.",
        ),
    ] = None,
    authors: Annotated[
        Authors,
        typer.Option(
            "--authors",
            help="Whose the tweets are: the file's screen_name's, or dealt to the graph's accounts.",
        ),
    ] = "file",
    password: Annotated[
        str | None,
        typer.Option(
            "--password", metavar="P", help="Password of every new account.  [default: none, no log-in]"
        ),
    ] = None,
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load a network from files, also while serving, and return when feeds and search have it.

    The graph's numbers become accounts: 7 becomes @u7. The CSV has a column text and, where there are any, id,
    screen_name, created_at (UTC, such as 2026-01-31 10:00:00), latitude and longitude. A tweet is written as of its
    created_at. With --authors graph data row n goes to account n modulo their number.

    A line that cannot be loaded is told with its reason, and the rest is loaded. Loading again adds nothing: a tweet
    is known by its id or, without that column, by author, created_at and text.

    Example: rookery load --graph friends.edges --undirected --tweets tweets.csv --authors graph
    """
    if graph is None and tweets is None:
        raise typer.BadParameter("Give --graph, --tweets or both.")
    if undirected and graph is None:
        raise typer.BadParameter("--undirected says how to read --graph: give that, too.")
    if authors != "file" and tweets is None:
        raise typer.BadParameter("--authors says whose the --tweets are: give those, too.")
    settings = settings_for(data, key_file, config)
    key = data_key(settings.data, announce)
    prepare(settings, key)
    done = asyncio.run(_load(settings, key, graph, undirected, tweets, authors, password))
    print(json.dumps(_figures(done)) if as_json else _report(done, graph, tweets, password))


async def _load(
    settings: Settings,
    key: bytes,
    graph: Path | None,
    undirected: bool,
    tweets: Path | None,
    authors: Authors,
    password: str | None,
) -> Loaded:
    async with network(settings, key) as net:
        password_hash = None if password is None else await net.accounts.operator.hash_password(password)
        with steps() as shown:
            loader = Loader(net, shown, password_hash)
            accounts = None if graph is None else await loader.graph(graph, undirected=undirected)
            if tweets is not None and authors == "graph":
                await loader.tweets_dealt(
                    tweets, await loader.graph_accounts() if accounts is None else accounts
                )
            elif tweets is not None:
                await loader.tweets_by_their_authors(tweets)
            await loader.catch_up()
    return loader.done


def _figures(done: Loaded) -> dict[str, object]:
    tallies = {"accounts": done.accounts, "follows": done.follows, "tweets": done.tweets}
    return {
        **{name: {**asdict(tally), "perSecond": tally.per_second} for name, tally in tallies.items()},
        "catchUpSeconds": round(done.catch_up_s, 3),
        "skipped": [{"file": file, "line": line, "reason": reason} for file, line, reason in done.skipped],
    }


def _report(done: Loaded, graph: Path | None, tweets: Path | None, password: str | None) -> str:
    lines = [_line("accounts", done.accounts)]
    if graph is not None:
        lines.append(_line("follows", done.follows))
    if tweets is not None:
        lines.append(_line("tweets", done.tweets))
    if done.accounts.loaded and not password:
        lines.append("the new accounts have no password: `rookery account password HANDLE` gives one")
    lines.append(f"feeds and search had it {done.catch_up_s:.1f} s later")
    return "\n".join(lines)


def _line(name: str, tally: Tally) -> str:
    return (
        f"{name}: {tally.loaded:,} loaded, {tally.present:,} there before, {tally.skipped:,} skipped"
        f" ({tally.per_second:,} a second)"
    )

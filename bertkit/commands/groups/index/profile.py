"""Panel Use: `bertkit index profile`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit.commands.groups.index.options import Address, Output, check_lines, write_lines
from bertkit.commands.shared import console
from bertkit.errors import DataError

if TYPE_CHECKING:
    from bertkit.search.profiles import Catalogue, HiddenLast, History


def profile(
    index: Address,
    users: Annotated[str, typer.Argument(metavar="USERS", help="Rows of a user and a document that they liked.")],
    user: Annotated[str, typer.Option("--user", metavar="COLUMN", help="Column of the user.")] = "user",
    item: Annotated[str, typer.Option("--item", metavar="COLUMN", help="Column of the document's id.")] = "item",
    time: Annotated[
        str | None,
        typer.Option("--time", metavar="COLUMN", help="Column of the time.", show_default="time, if there"),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option("--weight", metavar="COLUMN", help="Column of how much it counts.", show_default="1"),
    ] = None,
    half_life: Annotated[
        float | None, typer.Option("--half-life", metavar="DAYS", help="After so many days it counts half.")
    ] = None,
    top: Annotated[int, typer.Option("--top", "-k", min=1, metavar="N", help="Documents for each user.")] = 10,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Hide each user's last document: how often is it found?")
    ] = False,
    output: Output = None,
    sets: console.Set = None,
) -> None:
    """Recommend documents to users from what they liked, without what they have seen, each with its reason.

    bertkit index profile runs/index reads.csv --half-life 30 -o recommended.jsonl

    bertkit index profile runs/index reads.csv --half-life 30 --evaluate
    """
    from bertkit.search import profiles
    from bertkit.search.index.store import Store
    from bertkit.search.interactions import ColumnNames, read_users

    check_lines(output)
    if half_life is not None and not half_life > 0:
        raise DataError.at("--half-life", f"{half_life:g} days: expected more than 0", "leave it out, or raise it")
    if evaluate and output is not None:
        raise DataError.at("--output", "does not go with --evaluate, which prints its figures", "leave one out")
    store = Store.open(index)
    block = _block(sets)
    known = read_users(users, block, ColumnNames(user, item, time, weight), timed=half_life is not None)
    catalogue = catalogue_of(store, known, users)
    if evaluate:
        _show_evaluation(profiles.leave_last_out(catalogue, known, top, half_life), top)
        return
    _show(profiles.recommend(catalogue, known, top, half_life), output)


def _block(sets: list[str] | None) -> Any:
    from bertkit.recipe.load import load

    return load({"task": "embed"}, console.only(sets, "data")).data


def catalogue_of(store: Any, users: dict[str, History], source: str) -> Catalogue:
    """All documents of an index.

    Raises:
        DataError: a document of a user is not in the index.
    """
    from bertkit.search.profiles import Catalogue

    ids, vectors = store.everything()
    there = {*ids}
    wanted = dict.fromkeys(item for seen in users.values() for item in seen.items)
    if missing := [name for name in wanted if name not in there]:
        what = f"{len(missing):,} of {len(wanted):,} documents are not in the index: {', '.join(missing[:3])}"
        raise DataError.at(source, what, "add them, or leave their rows out")
    return Catalogue(ids, vectors)


def _show(found: dict[str, Any], output: str | None) -> None:
    rows = [
        {"user": name, "rank": rank, "id": pick.id, "cosine": pick.cosine, "because": pick.reason}
        for name, picks in found.items()
        for rank, pick in enumerate(picks, 1)
    ]
    if output is not None:
        write_lines(rows, output)
        return
    header = ("user", "rank", "id", "cosine", "because")
    console.table(header, [(r["user"], str(r["rank"]), r["id"], f"{r['cosine']:.4f}", r["because"]) for r in rows])


def _show_evaluation(found: HiddenLast, top: int) -> None:
    from bertkit.search.profiles import hit_rates

    rates, test = hit_rates(found)
    rows = [(name, f"{rate:.3f}", f"{low:.3f} to {high:.3f}") for name, (rate, (low, high)) in rates.items()]
    console.table(("side", f"hit rate@{top}", "95% interval"), rows)
    low, high = test.interval
    console.say(
        f"{len(found.users):,} users; difference {test.difference:+.3f} ({low:+.3f} to {high:+.3f}), "
        f"p = {test.p:.2g} ({test.test})"
    )

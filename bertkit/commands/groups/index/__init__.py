"""Panel Use: `bertkit index build | add | delete | info | query | ask | tune | profile | browse`."""

from __future__ import annotations

import typer

from bertkit.commands.groups.index import ask, browse, build, profile, query

app = typer.Typer(no_args_is_help=True, help="Build an index of documents, search it, and ask it.")

app.command()(build.build)
app.command()(build.add)
app.command()(build.delete)
app.command()(build.info)
app.command()(query.query)
app.command()(browse.browse)
app.command()(ask.ask)
app.command()(ask.tune)
app.command()(profile.profile)

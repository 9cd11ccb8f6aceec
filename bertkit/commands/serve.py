"""Panel Use: `bertkit serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bertkit.commands.shared import console
from bertkit.errors import Parameter, RunError

Models = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME=]RUN...", help="Runs, folders or hub names, each under a name of its own."),
]
Indexes = Annotated[
    list[str] | None,
    typer.Option("--index", metavar="[NAME=]INDEX", help="An index to search; repeatable.", show_default=False),
]
Host = Annotated[str, typer.Option("--host", help="The address to listen at; 0.0.0.0 for all of the machine.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")]
Device = Annotated[
    list[str] | None,
    typer.Option("--device", metavar="NAME", help="cpu, cuda:0, ...; repeatable.", show_default="a GPU, else the CPU"),
]
Prove = Annotated[
    int,
    typer.Option("--prove", metavar="N", min=0, help="Compare N answers of each Run with predict before it is ready."),
]
Watch = Annotated[
    float | None,
    typer.Option(
        "--watch", metavar="SECONDS", help="Look so often whether a Run has changed.", show_default="on SIGHUP"
    ),
]
LIMITS = "Limits"
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", help="Longest time for an answer.", rich_help_panel=LIMITS)
]
Grace = Annotated[
    float,
    typer.Option(
        "--grace", metavar="SECONDS", help="Time for accepted requests, once stopped.", rich_help_panel=LIMITS
    ),
]
QueueTokens = Annotated[
    int, typer.Option("--queue-tokens", metavar="N", min=1, help="Tokens that wait at most.", rich_help_panel=LIMITS)
]
BatchTokens = Annotated[
    int | None,
    typer.Option(
        "--batch-tokens", metavar="N", min=1, help="Tokens of a batch at most.", rich_help_panel=LIMITS,
        show_default="by the model",
    ),
]  # fmt: skip
MaxRows = Annotated[
    int, typer.Option("--max-rows", metavar="N", min=1, help="Rows of a request at most.", rich_help_panel=LIMITS)
]
MaxCharacters = Annotated[
    int, typer.Option("--max-characters", metavar="N", min=1, help="Of one text at most.", rich_help_panel=LIMITS)
]
MaxBytes = Annotated[
    int, typer.Option("--max-bytes", metavar="N", min=1, help="Of a request at most.", rich_help_panel=LIMITS)
]
ACCESS = "Access"
Keys = Annotated[
    Path | None,
    typer.Option(
        "--keys", metavar="FILE", help="Who may ask: a key a line, or NAME:KEY.", rich_help_panel=ACCESS,
        show_default="BERTKIT_KEYS, else everybody",
    ),
]  # fmt: skip
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host", metavar="NAME", help="A name by which this machine is asked without keys, as by a proxy on it.",
        rich_help_panel=ACCESS,
    ),
]  # fmt: skip
Cors = Annotated[
    list[str] | None,
    typer.Option(
        "--cors", metavar="ORIGIN", help="A site whose pages may ask; repeatable.", rich_help_panel=ACCESS,
        show_default="none",
    ),
]  # fmt: skip
Certificate = Annotated[
    Path | None, typer.Option("--tls-cert", metavar="PEM", help="Serve https.", rich_help_panel=ACCESS)
]
PrivateKey = Annotated[
    Path | None, typer.Option("--tls-key", metavar="PEM", help="The key of the certificate.", rich_help_panel=ACCESS)
]
LogTexts = Annotated[bool, typer.Option("--log-texts", help="Log the texts of requests, too.", rich_help_panel=ACCESS)]


def serve(
    models: Models = None,
    index: Indexes = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    device: Device = None,
    precision: console.Precision = "float32",
    prove: Prove = 0,
    watch: Watch = None,
    timeout: Timeout = 30.0,
    grace: Grace = 30.0,
    queue_tokens: QueueTokens = 65_536,
    batch_tokens: BatchTokens = None,
    max_rows: MaxRows = 2_000,
    max_characters: MaxCharacters = 200_000,
    max_bytes: MaxBytes = 8_388_608,
    keys: Keys = None,
    allow_host: AllowHost = None,
    cors: Cors = None,
    tls_cert: Certificate = None,
    tls_key: PrivateKey = None,
    log_texts: LogTexts = False,
    trust_code: console.TrustCode = False,
) -> None:
    """Serve Runs over HTTP: answers of every task, vectors, re-ranking, keywords and search.

    bertkit serve runs/support

    Several models under names, and an index; a page to try them is at the address:

    bertkit serve intent=runs/a entities=runs/b --index docs=runs/index

    Ctrl-C or SIGTERM answers what was accepted and ends; SIGHUP opens changed Runs again. docs/serve.md has the rest.
    """
    from bertkit import extras

    for module in ("fastapi", "uvicorn", "httptools", "prometheus_client", "httpx"):
        extras.need(module, extra="serve", feature="bertkit serve")
    from bertkit.serve.run import Listening, serve
    from bertkit.serve.settings import named, settings_of

    if not models and not index:
        raise RunError.at("bertkit serve", "nothing to serve", "name a Run: bertkit serve runs/mine")
    values: dict[str, Any] = {
        "models": named(models or [], Parameter("models")),
        "indexes": named(index or [], Parameter("index")),
        "devices": device or [],
        "precision": precision,
        "prove": prove,
        "watch": watch,
        "timeout": timeout,
        "grace": grace,
        "queue_tokens": queue_tokens,
        "batch_tokens": batch_tokens,
        "max_rows": max_rows,
        "max_characters": max_characters,
        "max_bytes": max_bytes,
        "keys": keys,
        "hosts": allow_host or [],
        "cors": cors or [],
        "log_texts": log_texts,
        "trust_code": trust_code,
    }
    serve(settings_of(values), Listening(host, port, tls_cert, tls_key))

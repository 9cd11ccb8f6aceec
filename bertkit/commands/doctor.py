"""Panel Prepare: `bertkit doctor`: what this machine has, and the command for what it lacks."""

from __future__ import annotations

from bertkit import hub
from bertkit.commands import console
from bertkit.extras import EXTRAS, has, pip_line


def doctor() -> None:
    """Versions, devices, and what is missing with the command that brings it."""
    console.table(("what", "how it stands"), findings())


def findings() -> list[tuple[str, str]]:
    """(what, how it stands) for the machine, the packages, the extras and the hub. Imports torch."""
    from bertkit.run import environment

    here = environment()
    found = [
        ("python", here["python"]),
        ("platform", here["platform"]),
        ("processors", f"{here['processors']}, torch uses {here['threads']} threads"),
        ("devices", ", ".join(here["devices"])),
    ]
    for package, version in here["versions"].items():
        found.append((package, version or f"missing: pip install {package}"))
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if not has(module)]
        found.append((f"extra {extra}", f"missing: {pip_line(extra)}" if missing else "installed"))
    reach = "reachable" if hub.reachable() else "out of reach: models and data come from folders, packages or the cache"
    found.append(("hub", reach))
    return found

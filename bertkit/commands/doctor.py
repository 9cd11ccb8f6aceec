"""Panel Prepare: `bertkit doctor`."""

from __future__ import annotations

from bertkit import hub
from bertkit.commands.shared import console
from bertkit.extras import EXTRAS, has, pip_line


def doctor() -> None:
    """Show versions, devices and missing packages, with the command that installs each."""
    console.table(("item", "status"), findings())


def findings() -> list[tuple[str, str]]:
    """(item, status) for the machine, the packages, the extras and the hub. Imports torch."""
    from bertkit.files.run_files import environment

    machine = environment()
    rows = [
        ("python", machine["python"]),
        ("platform", machine["platform"]),
        ("processors", f"{machine['processors']}, torch uses {machine['threads']} threads"),
        ("devices", ", ".join(machine["devices"])),
    ]
    for package, version in machine["versions"].items():
        rows.append((package, version or f"missing: pip install {package}"))
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if not has(module)]
        rows.append((f"extra {extra}", f"missing: {pip_line(extra)}" if missing else "installed"))
    reach = (
        "reachable"
        if hub.reachable()
        else "out of reach: models and data must come from folders, packages or the cache"
    )
    rows.append(("hub", reach))
    return rows

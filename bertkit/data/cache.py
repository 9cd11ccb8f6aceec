"""Where bertkit keeps what can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """`$BERTKIT_CACHE`, else `bertkit` in the user's folder of caches."""
    if own := os.environ.get("BERTKIT_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bertkit"

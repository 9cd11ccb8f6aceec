"""Characters that no text may hold."""

from __future__ import annotations

import re

from bertkit.data.read.rows import Unusable
from bertkit.errors import Setting

# JSON can hold half of a surrogate pair (an emoji split in two), which no encoding can write and no tokenizer can read.
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def check_characters(text: str) -> None:
    """Raise Unusable where a text holds half a surrogate pair."""
    if not text.isascii() and _HALF_CHARACTER.search(text):
        todo, detail = "was a text cut inside an emoji? to read it as U+FFFD", "a lone \\ud800 to \\udfff"
        setting = Setting("data.encoding_errors", "replace")
        raise Unusable("holds half a character", todo, detail=detail, setting=setting)

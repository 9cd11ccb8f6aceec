"""Small damages to bytes, texts and JSON values, as files get them on their way to a user."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable
from typing import Any

ODD_TEXTS = [
    "", " ", "\u3000", "\n", "\t", "\r", "\0", "\ufeff", "\ufffd", "\u2028", "\x85", "\u200b", "\U000e0041",
    "我的包裹在哪里", "مرحبا", "a\u0301e\u0301", "\U0001f469\u200d\U0001f469", "x" * 3_000, "a " * 3_000, "é" * 2_000,
    "\x1b[31mred\x1b[0m", "\x07", "\u202egnp.exe", "\x9b31m", "=cmd|' /C calc'!A0", "`x`\n# y", "../../etc/passwd",
    "nan", "null", "None", "NA", "-1", "1e999", "0x10", "007", "true", "[0, 1, 0]", "['a', 'b']", '["a"]', "a|b",
    "a; b", "a,b", "[MASK]", "[CLS] [SEP] [PAD]",
    "[UNK] " * 80, "<br>&amp;", "%s %d {0} {x}", "$(id)", "\\", '"', "'",
    "-DOCSTART- -X- O", "# a = b", "O", "B-PER",
]  # fmt: skip
ODD_VALUES: list[Any] = [
    None, True, False, 0, -1, 3, 2**31, 2**63, 10**40, 0.5, -0.0, 1e308, float("nan"), float("inf"), -float("inf"),
    [], {}, [[]], [None], [1, "a"], {"a": {}}, {"": 0}, ["a"] * 300, [[1, 2], [3]],
]  # fmt: skip
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "gb18030", "latin-1", "cp1252", "big5")
DEEP = 3_000
"""Levels of nesting."""


def odd(chance: random.Random) -> Any:
    """A text or a value that few programs expect."""
    return chance.choice(ODD_TEXTS if chance.random() < 0.5 else ODD_VALUES)


def damaged(chance: random.Random, content: bytes) -> bytes:
    """The bytes after one to three damages."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        content = chance.choice(BYTES)(chance, content)
    return content


def _place(chance: random.Random, content: bytes) -> int:
    return chance.randrange(len(content) + 1)


def _span(chance: random.Random, content: bytes) -> tuple[int, int]:
    start = _place(chance, content)
    return start, min(len(content), start + chance.choice((1, 2, 5, 20, 200)))


def _flip(chance: random.Random, content: bytes) -> bytes:
    if not content:
        return content
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :]


def _overwrite(chance: random.Random, content: bytes) -> bytes:
    start, end = _span(chance, content)
    return content[:start] + chance.randbytes(end - start) + content[end:]


def _cut(chance: random.Random, content: bytes) -> bytes:
    start, end = _span(chance, content)
    return content[:start] + content[end:]


def _twice(chance: random.Random, content: bytes) -> bytes:
    start, end = _span(chance, content)
    return content[:end] + content[start:]


def _truncated(chance: random.Random, content: bytes) -> bytes:
    return content[: _place(chance, content)]


def _insert(chance: random.Random, content: bytes) -> bytes:
    at = _place(chance, content)
    new = chance.choice(ODD_TEXTS).encode() if chance.random() < 0.7 else chance.choice(PARTS)
    return content[:at] + new + content[at:]


def _lines(chance: random.Random, content: bytes) -> bytes:
    """A line less, twice, or at another place."""
    lines = content.splitlines(keepends=True)
    if len(lines) < 2:
        return content
    at = chance.randrange(len(lines))
    line = lines[at] if chance.random() < 0.3 else lines.pop(at)
    lines.insert(chance.randrange(len(lines) + 1), line) if chance.random() < 0.7 else None
    return b"".join(lines)


def _line_ends(chance: random.Random, content: bytes) -> bytes:
    end = chance.choice((b"\r\n", b"\r", b"\n\n", b"\x0b", b"\n\r"))
    if chance.random() < 0.5:
        return content.replace(b"\n", end)
    return content.replace(b"\n", end, chance.randrange(1, 4))


def _encoded(chance: random.Random, content: bytes) -> bytes:
    return content.decode("utf-8", "replace").encode(chance.choice(ENCODINGS), "replace")


def _nothing(chance: random.Random, content: bytes) -> bytes:
    return chance.choice((b"", b"\n", b"\0" * len(content), b"\xef\xbb\xbf", b" " * 100))


PARTS = [
    b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x00", b'"', b"'", b",", b"\t", b"\n", b"\r", b"{", b"}",
    b"[", b"]", b":", b"\\", b"\\ud83d", b"\xef\xbb\xbf", b"\xff\xfe", b"&a", b"*a", b"!!python/object:os.system",
    b"---\n", b"NaN", b"Infinity", b"9" * 5_000, b"[" * DEEP, b'{"a":' * DEEP, b"<<: *a\n", b"? ", b"%", b"@", b"|\n",
]  # fmt: skip
BYTES: list[Callable[[random.Random, bytes], bytes]] = [
    *(_flip, _overwrite, _cut, _twice, _truncated, _insert, _insert, _lines, _lines, _line_ends, _encoded, _nothing)
]


def packed(chance: random.Random, content: bytes) -> bytes:
    """gzip, whole or damaged."""
    whole = gzip.compress(content, 1, mtime=0)
    return whole if chance.random() < 0.4 else damaged(chance, whole)


def changed(chance: random.Random, value: Any, times: int | None = None) -> Any:
    """A JSON value with one to three nodes replaced, removed, renamed, repeated or put elsewhere."""
    value = copy.deepcopy(value)
    for _ in range(times or chance.choice((1, 1, 2, 3))):
        paths = list(_paths(value))
        if not paths:
            return odd(chance)
        parent, key = chance.choice(paths)
        way = chance.choice(("replace", "replace", "replace", "remove", "rename", "wrap", "swap"))
        if way == "replace":
            parent[key] = odd(chance)
        elif way == "remove":
            del parent[key]
        elif way == "rename" and isinstance(parent, dict):
            parent[str(chance.choice(ODD_TEXTS))] = parent.pop(key)
        elif way == "wrap":
            parent[key] = [parent[key]] if chance.random() < 0.5 else {"a": parent[key]}
        else:
            other, place = chance.choice(paths)
            parent[key] = copy.deepcopy(other[place])
    return value


def _paths(value: Any) -> list[tuple[Any, Any]]:
    """Every (parent, key) below a value."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            found.append((one, key))
            if isinstance(one[key], dict | list):
                waiting.append(one[key])
    return found


def to_json(chance: random.Random, value: Any, **more: Any) -> bytes:
    """As Python writes it, with NaN; sometimes as ASCII, sometimes with lone surrogates."""
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5, **more)
    if chance.random() < 0.03:
        text = text.replace("a", "\\ud83d", 1)
    return text.encode("utf-8", "surrogatepass")

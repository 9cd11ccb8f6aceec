"""Entities with invisible characters, in Thai, with offsets in other units, nested; GermEval's comments."""

from __future__ import annotations

import json
from typing import Any

from tests.forms import Form


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


GERMEVAL = (
    "#\thttp://example.org/1\t[2010-01-07]\t\n1\tDer\tO\tO\n2\tHSV\tB-ORG\tB-LOC\n3\tsiegt\tO\tO\n\n"
    "#\thttp://example.org/2\t[2010-01-08]\t\n1\tMara\tB-PER\tO\n2\truft\tO\tO\n\n"
)

FORMS = [
    Form("entities with invisible characters", {"a.jsonl": lines(
        {"text": "او در نیم\u200cروز است", "label": [[6, 13, "LOC"]]},
        {"text": "we met Ka\u200bren", "label": [[7, 13, "PER"]]},
        {"text": "\ufeffBer\u00adlin", "label": [[1, 8, "LOC"]]})},
        "a.jsonl", 3, {"LOC نیم\u200cروز": 1, "PER Ka\u200bren": 1, "LOC Ber\u00adlin": 1}, task="ner",
        inputs=["\ufeffBer\u00adlin"]),
    Form("entities in Thai", {"a.jsonl": lines({"text": "คุณมาลีไปเชียงใหม่", "label": [[3, 7, "PER"], [9, 18, "LOC"]]})},
        "a.jsonl", 1, {"PER มาลี": 1, "LOC เชียงใหม่": 1}, task="ner"),
    Form("offsets in UTF-16 units", {"a.jsonl": lines(
        {"text": "😀 Mara", "label": [[3, 7, "PER"]], "mentions": ["Mara"]},
        {"text": "Oslo", "label": [[0, 4, "LOC"]], "mentions": ["Oslo"]})},
        "a.jsonl", 2, {"PER Mara": 1, "LOC Oslo": 1}, task="ner",
        warns=["count UTF-16 units, as their texts show: converted to characters in 1 rows"]),
    Form("offsets in bytes", {"a.jsonl": lines(
        {"text": "Zoë in Köln", "entities": [
            {"start": 0, "end": 4, "label": "PER", "text": "Zoë"},
            {"start": 8, "end": 13, "label": "LOC", "text": "Köln"}]})},
        "a.jsonl", 1, {"PER Zoë": 1, "LOC Köln": 1}, task="ner", warns=["count bytes, as their texts show"]),
    Form("nested entities", {"a.jsonl": lines({"text": "Bank of Oslo", "label": [[0, 12, "ORG"], [8, 12, "LOC"]]})},
        "a.jsonl", 1, {"ORG Bank of Oslo": 1, "LOC Oslo": 1}, task="ner"),
    Form("GermEval's comments", {"a.tsv": GERMEVAL}, "a.tsv", 2, {"ORG HSV": 1, "PER Mara": 1}, task="ner",
        sets=["data.format=conll", "data.header=[number, tokens, tags, inner]"], warns=["comment lines skipped: 2"]),
]  # fmt: skip

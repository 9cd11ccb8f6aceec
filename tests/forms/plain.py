"""The forms that every tool writes."""

from __future__ import annotations

from tests.forms import Form

FORMS = [
    Form("a csv", {"a.csv": "text,label\nwhere is it,parcel\nmy money,refund\n"}, "a.csv", 2,
        {"parcel": 1, "refund": 1}, inputs=["where is it"]),
    Form("CoNLL", {"a.conll": "Mara B-PER\nruns O\n\nin O\nNew B-LOC\nYork I-LOC\n"}, "a.conll", 2,
        {"PER Mara": 1, "LOC New York": 1}, task="ner"),
]  # fmt: skip

"""Sheets of Excel and OpenDocument, and packed files."""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile

import pyarrow as pa

from tests.forms import Form
from tests.forms.books import ods, xls, xlsx

ROWS = [["text", "label"], ["where is it", "parcel"], ["my money", "refund"]]
STARS = [["said", "stars", None], ["good", 3.0], ["bad", 1.0], [None], [" "]]
CSV = b"text,label\nwhere is it,parcel\nmy money,refund\n"
LABELS = {"parcel": 1, "refund": 1}


def _zip(name: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(name, CSV)
        archive.writestr("readme.md", "hand-written")
    return sink.getvalue()


FORMS = [
    Form("Excel", {"a.xlsx": xlsx({"Sheet1": ROWS})}, "a.xlsx", 2, LABELS, inputs=["where is it"]),
    Form("Excel, a sheet by name", {"a.xlsx": xlsx({"Read me": [["nothing"]], "Rows": ROWS})}, "a.xlsx#Rows", 2,
        LABELS),
    Form("Excel, whole numbers as floats", {"a.xlsx": xlsx({"Sheet1": STARS})}, "a.xlsx", 2, {"3": 1, "1": 1},
        sets=["data.columns={text: said, label: stars}"]),
    Form("Excel, numbers", {"a.xlsx": xlsx({"S": [["text", "score"], ["a", 2.25], ["b", 3.0]]})}, "a.xlsx", 2,
        {"2.25": 1, "3.0": 1}, task="regress"),
    Form("Excel 97", {"a.xls": xls({"Sheet1": ROWS})}, "a.xls", 2, LABELS),
    Form("OpenDocument", {"a.ods": ods({"Sheet1": ROWS})}, "a.ods", 2, LABELS),
    Form("Excel by another name", {"a.csv": xlsx({"Sheet1": ROWS})}, "a.csv", 2, LABELS, sets=["data.format=excel"]),
    Form("a zip with one data file", {"a.zip": _zip("data/rows.csv")}, "a.zip", 2, LABELS,
        warns=["data/rows.csv is read"]),
    Form("a file of a zip", {"a.zip": _zip("rows.csv")}, "a.zip#rows.csv", 2, LABELS),
    Form("bzip2", {"a.csv.bz2": bz2.compress(CSV)}, "a.csv.bz2", 2, LABELS),
    Form("xz", {"a.csv.xz": lzma.compress(CSV)}, "a.csv.xz", 2, LABELS),
    Form("Zstandard", {"a.csv.zst": pa.Codec("zstd").compress(CSV, asbytes=True)}, "a.csv.zst", 2, LABELS),
]  # fmt: skip

"""Folders of texts: a folder per class, or a table of labels beside the folder."""

from __future__ import annotations

from tests.forms import Form

REVIEWS = {"train/pos/0_9.txt": "a good film\n", "train/neg/0_2.txt": "a bad film\n"}
NEWS = {"news/alt.atheism/51060": "From: a\n\nno\n", "news/sci.space/60000": "From: b\n\ncaf\xe9\n".encode("latin-1")}
REUTERS = {
    "r/training/1": "cocoa rose\n",
    "r/training/2": "wheat fell\n",
    "r/test/3": "more trade\n",
    "r/cats.txt": "training/1 cocoa\ntraining/2 grain wheat\ntest/3 trade\n",
}

FORMS = [
    Form("a folder per class", REVIEWS, "train", 2, {"pos": 1, "neg": 1}, inputs=["a good film"],
        warns=["a folder per class: 2 texts, 2 classes"]),
    Form("IMDb with its other files", {**REVIEWS, "train/urls_pos.txt": "x\n", "train/unsup/0_0.txt": "a film\n"},
        "train", 2, {"pos": 1, "neg": 1}, sets=["data.format=folders", "data.drop_labels=[unsup]"],
        warns=["files beside the folders, not read: 1", "rows left out by data.drop_labels: 1 (unsup 1)"]),
    Form("20 Newsgroups", NEWS, "news", 2, {"alt.atheism": 1, "sci.space": 1}, sets=["data.encoding=latin-1"],
        inputs=["From: b\n\ncaf\xe9"]),
    Form("a glob of texts", REVIEWS, "train/*/*.txt", 2, {"pos": 1, "neg": 1}, sets=["data.format=folders"]),
    Form("Reuters' table of labels", REUTERS, "r/training#cats.txt", 2, {"cocoa": 1, "grain": 1, "wheat": 1},
        sets=["options.multi_label=true"], warns=["r/cats.txt: lines about files elsewhere: 1"]),
]  # fmt: skip

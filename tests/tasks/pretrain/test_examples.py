"""Examples are framed rows; masks follow from seed, pass and row alone, and those of validation never change."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bertkit.engine.batches import tensors
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.pretrain.examples import Collator, CorpusExamples
from bertkit.tasks.pretrain.masking import SPECIAL, Masking
from bertkit.training.batching import StepSampler, train_loader

PAIR = {
    "tokens": np.array([10, 11, 12, 13, 14], np.int32),
    "starts": np.array([True, False, True, False, True]),
    "second": 3,
    "label": 1,
}
SINGLE = {"tokens": np.array([20, 21], np.int32), "starts": np.array([True, False]), "second": 0, "label": -1}


@pytest.fixture(scope="module")
def tokenizer(tiny_bert: Path) -> Any:
    return load_tokenizer(ModelBlock(name=str(tiny_bert)))


@pytest.fixture(scope="module")
def collate(tokenizer: Any) -> Collator:
    masking = Masking(tokenizer.mask_token_id, len(tokenizer))
    return Collator(tokenizer, masking, masking)


def many(count: int, length: int = 40) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    starts = np.ones(length, dtype=bool)
    return [
        {"tokens": rng.integers(10, 90, size=length - n % 7).astype(np.int32), "starts": starts[: length - n % 7],
         "second": 0, "label": -1}
        for n in range(count)
    ]  # fmt: skip


def test_a_pair_and_a_single_row_are_framed_as_the_tokenizer_does(tokenizer: Any) -> None:
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    pair, single = CorpusExamples([PAIR, SINGLE], tokenizer, pairs=True)[:]
    assert pair["input_ids"].tolist() == [cls, 10, 11, 12, sep, 13, 14, sep]
    assert pair["token_type_ids"].tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    assert pair["word_ids"].tolist() == [SPECIAL, 1, 1, 2, SPECIAL, 3, 4, SPECIAL]
    assert (pair["pair"], pair["row"], single["row"]) == (1, 0, 1)
    assert single["input_ids"].tolist() == [cls, 20, 21, sep]
    assert single["word_ids"].tolist() == [SPECIAL, 1, 1, SPECIAL]
    assert "pair" not in CorpusExamples([PAIR], tokenizer, pairs=False)[0]


def test_separators_and_unknown_words_within_a_row_are_special(tokenizer: Any) -> None:
    tokens = np.array([10, tokenizer.sep_token_id, tokenizer.unk_token_id, 11], np.int32)
    row = {**SINGLE, "tokens": tokens, "starts": np.ones(4, bool)}
    assert (CorpusExamples([row], tokenizer, pairs=False)[0]["word_ids"] == SPECIAL).tolist() == [1, 0, 1, 1, 0, 1]


def test_examples_know_their_lengths_and_identity(tokenizer: Any) -> None:
    examples = CorpusExamples(many(9), tokenizer, pairs=False)
    assert examples.lengths.tolist() == [len(example["input_ids"]) for example in examples]
    assert examples.highest == len(tokenizer) - 1
    assert examples.identity == CorpusExamples(many(9), tokenizer, pairs=False).identity
    assert examples.identity != CorpusExamples(many(8), tokenizer, pairs=False).identity
    assert examples[-1]["row"] == 8
    with pytest.raises(IndexError):
        examples[9]


def test_a_batch(tokenizer: Any, collate: Collator) -> None:
    examples = CorpusExamples([PAIR, SINGLE], tokenizer, pairs=True)[:]
    batch = tensors(collate(examples))
    assert batch["pair"].tolist() == [1, -1]
    flat = torch.tensor([*examples[0]["input_ids"], *examples[1]["input_ids"], *[tokenizer.pad_token_id] * 4])
    assert torch.equal(flat[batch["places"]], batch["labels"])
    others = torch.ones(16, dtype=torch.bool)
    others[batch["places"]] = False
    assert torch.equal(batch["input_ids"].flatten()[others], flat[others])
    assert len(batch["places"]) == 2
    asked = {"input_ids": np.array([tokenizer.cls_token_id, 10, tokenizer.mask_token_id, 3]), "row": 0}
    batch = collate([asked])
    assert batch["places"].tolist() == [2]
    assert "labels" not in batch


def masks(batches: Any) -> dict[int, list[list[int]]]:
    """The masked tokens of each row, told apart by their last real tokens."""
    found: dict[int, list[list[int]]] = {}
    for batch in map(tensors, batches):
        places, width = batch["places"], batch["input_ids"].shape[1]
        for row in range(len(batch["input_ids"])):
            own = places // width == row
            told = [*(places[own] % width).tolist(), *batch["labels"][own].tolist()]
            whole = batch["input_ids"][row].clone()
            whole[places[own] % width] = batch["labels"][own]
            found.setdefault(hash(tuple(whole[:10].tolist())), []).append(told)
    return found


@pytest.mark.parametrize(("batch", "accumulation", "workers"), [(4, 1, 0), (2, 2, 0), (4, 1, 2), (1, 4, 0)])
def test_training_masks_follow_from_seed_pass_and_row_alone(
    tokenizer: Any, collate: Collator, batch: int, accumulation: int, workers: int
) -> None:
    examples = CorpusExamples(many(23), tokenizer, pairs=False)

    def passes(batch: int, accumulation: int, workers: int, seed: int = 1) -> list[dict[int, list[list[int]]]]:
        sampler = StepSampler(examples.lengths, batch, accumulation, seed=seed, draws=True)
        loader = train_loader(examples, collate, sampler, workers=workers)
        return [loader.set_epoch(number) or masks(loader) for number in (0, 1)]

    plain = passes(4, 1, 0)
    assert passes(batch, accumulation, workers) == plain
    assert len(plain[0]) == 23
    assert all(plain[0][row] != plain[1][row] for row in plain[0])
    assert passes(4, 1, 0, seed=2) != plain


def test_validation_masks_are_always_the_same_15_percent(tokenizer: Any) -> None:
    examples = CorpusExamples(many(50), tokenizer, pairs=False)[:]
    mask, words = tokenizer.mask_token_id, len(tokenizer)
    found = []
    for share, spans in ((0.15, None), (0.4, 3.8)):
        collate = Collator(tokenizer, Masking(mask, words, share, span_length=spans), Masking(mask, words))
        found += [masks([collate(examples)]), masks([collate(examples[:7]), collate(examples[7:])])]
    assert all(one == found[0] for one in found)
    counts = [len(told[0]) // 2 for told in found[0].values()]
    assert sum(counts) == sum(round(len(example["input_ids"]) * 0.15) for example in examples)


def test_a_collator_travels_to_workers(collate: Collator) -> None:
    assert pickle.loads(pickle.dumps(collate)).masking == collate.masking

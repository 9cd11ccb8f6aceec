"""The head: features, layers and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from bertkit.engine.backends.torch import open_model
from bertkit.errors import ModelError, RecipeError
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.embed.options import EmbedOptions
from bertkit.tasks.embed.task import Embed

ROWS = [{"text": "a man plays", "positive": "hello"}, {"text": "my card", "positive": "where is my parcel ?"}]


def make(**options: Any) -> Embed:
    return Embed(EmbedOptions.model_validate(options))


def test_features_are_the_vectors_of_a_rows_texts_by_windows_too(tiny_bert: Path) -> None:
    block = ModelBlock(name=str(tiny_bert))
    whole, cut = make(), make(max_length=5, long_text="windows", window_overlap=1)
    tokenizer = load_tokenizer(block)
    model: Any = open_model(whole.head, block).eval()
    from bertkit.engine.batches import tensors

    for task in (whole, cut):
        examples = list(task.encode(ROWS, tokenizer, 64, answers=True).examples)
        batch = tensors(task.collator(tokenizer)(examples))
        with torch.no_grad():
            features = task.head.features(model(**task.head.inputs(batch)), batch)
        assert features.shape == (2, 2, 32)
        for row, texts in enumerate(ROWS):
            predicted = task.encode([{"text": texts["positive"]}], tokenizer, 64, answers=False)
            parts = [torch.as_tensor(example["input_ids"])[None].long() for example in predicted.examples]
            with torch.no_grad():
                vectors = torch.stack([model(ids).last_hidden_state[0].mean(0) for ids in parts])
            shares = torch.tensor([float(ids.numel()) for ids in parts])
            expected = (vectors * (shares / shares.sum())[:, None]).sum(0)
            torch.testing.assert_close(features[row, 1], expected, atol=1e-5, rtol=1e-4)


def test_the_last_but_one_layer_is_a_model_without_the_last(tiny_bert: Path, tmp_path: Path) -> None:
    """As BERT-as-service pools by default. Saved and opened again, no other layer is lost."""
    block, inputs = ModelBlock(name=str(tiny_bert)), {"input_ids": torch.tensor([[2, 7, 8, 3]])}
    task, whole = make(layer=-2), make()
    model: Any = open_model(task.head, block).eval()
    full: Any = open_model(whole.head, ModelBlock(name=str(tiny_bert), padding_free="off")).eval()
    with torch.no_grad():
        expected = full(**inputs, output_hidden_states=True).hidden_states[-2]
        torch.testing.assert_close(model(**inputs).last_hidden_state, expected)
        model.save_pretrained(tmp_path)
        again: Any = open_model(Embed(task.options, task.state).head, ModelBlock(name=str(tmp_path))).eval()
        torch.testing.assert_close(again(**inputs).last_hidden_state, expected)


def test_more_than_the_model_has_is_an_error(tiny_bert: Path) -> None:
    block = ModelBlock(name=str(tiny_bert))
    with pytest.raises(RecipeError, match="64: the model's vectors have 32 dimensions"):
        open_model(make(matryoshka=[64]).head, block)
    with pytest.raises(RecipeError, match="the model has 2 layers"):
        open_model(make(layer=-3).head, block)


def test_layers_that_are_kept_in_another_way_can_not_be_left_out() -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    words = {"vocab_size": 100, "pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2}
    scratch = {"model_type": "modernbert", **sizes, **words}
    with pytest.raises(ModelError, match="only the last layer"):
        make(layer=-2).head.build_model(ModelBlock(scratch=scratch))


def test_parts_of_the_loss_are_the_sizes() -> None:
    assert make(matryoshka=[32, 8]).head.parts == ("32", "8")
    assert make().head.parts == ()

"""The CRF's sums against all sequences there are; its weights in a model's folder."""

from __future__ import annotations

import itertools
from pathlib import Path

import torch

from bertkit.models import crf
from bertkit.models.build import build_model
from bertkit.recipe.schema import ModelBlock


def test_likelihood_of_sentences_of_unequal_length() -> None:
    torch.manual_seed(0)
    model = crf.Crf(3)
    for part in model.parameters():
        torch.nn.init.normal_(part)
    scores = torch.randn(3, 4, 3)
    real = torch.arange(4) < torch.tensor([[4], [1], [3]])
    labels = torch.randint(3, (3, 4))
    got = crf.negative_log_likelihood(model.transitions, scores, labels, real)
    for row, length in enumerate((4, 1, 3)):
        paths = list(itertools.product(range(3), repeat=length))
        sums = torch.stack([
            model.start[p[0]] + model.end[p[-1]] + sum(scores[row, i, label] for i, label in enumerate(p))
            + sum(model.steps[a, b] for a, b in itertools.pairwise(p)) for p in paths
        ])  # fmt: skip
        chosen = sums[paths.index(tuple(labels[row, :length].tolist()))]
        torch.testing.assert_close(got[row], sums.logsumexp(0) - chosen)


def test_at_first_it_is_a_softmax() -> None:
    scores, labels = torch.randn(2, 3, 4), torch.randint(4, (2, 3))
    expected = torch.nn.functional.cross_entropy(scores.flatten(0, 1), labels.flatten(), reduction="none").view(2, 3)
    got = crf.negative_log_likelihood(crf.Crf(4).transitions, scores, labels, torch.ones(2, 3).bool())
    torch.testing.assert_close(got, expected.sum(1))


def test_it_is_found_again_in_the_models_folder(tiny_bert: Path, tmp_path: Path) -> None:
    def model(place: Path, names: str = "abc"):
        block = ModelBlock(name=str(place))
        config = {"num_labels": len(names), "id2label": dict(enumerate(names))}
        built = build_model(block, "AutoModelForTokenClassification", **config)
        crf.attach(built, len(names), block)
        return built, built.crf

    first, random = model(tiny_bert)
    assert {"crf.start", "crf.steps", "crf.end"} <= first.new_weights
    torch.nn.init.normal_(random.steps)
    first.save_pretrained(tmp_path)
    _, again = model(tmp_path)
    assert torch.equal(again.steps, random.steps)
    _, other = model(tmp_path, "cab")
    for i, first_tag in enumerate("cab"):
        for j, second in enumerate("cab"):
            assert other.steps[i, j] == random.steps["abc".index(first_tag), "abc".index(second)]
    for names in ("abcd", "abx"):
        new, fresh = model(tmp_path, names)
        assert {"classifier.weight", "crf.steps"} <= new.new_weights
        assert not fresh.steps.any()


def test_data_parallel_sees_that_it_is_used(tiny_bert: Path) -> None:
    """Only what the model's own outputs hang on; else its gradients would be counted twice."""
    block = ModelBlock(name=str(tiny_bert))
    model = build_model(block, "AutoModelForTokenClassification", num_labels=3).eval()
    before = model(input_ids=torch.tensor([[2, 7, 3]])).logits
    crf.attach(model, 3, block)
    own = model.crf
    after = model(input_ids=torch.tensor([[2, 7, 3]])).logits
    assert torch.equal(before, after)
    after.sum().backward()
    assert all(part.grad is not None and not part.grad.any() for part in own.parameters())

"""The threshold of a label: the one with the best F1, exactly, and the shared one where a label has too few rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertkit.tasks.classify.thresholds import best_thresholds


def f1_at(threshold: float, probabilities: np.ndarray, present: np.ndarray) -> float:
    """F1 of one label, counted plainly."""
    given_ = probabilities >= threshold
    hits = float((given_ & (present == 1)).sum())
    return 2 * hits / (given_.sum() + present.sum()) if hits else 0.0


def best_f1(probabilities: np.ndarray, present: np.ndarray) -> float:
    """The best F1 of all thresholds there are, tried one by one."""
    return max(f1_at(threshold, probabilities, present) for threshold in [*probabilities, 2.0])


def one(probabilities: list[float], present: list[int], few: int = 1) -> float:
    (found,) = best_thresholds(np.array(probabilities)[:, None], np.array(present)[:, None], few=few)
    return found


@pytest.mark.parametrize(
    ("probabilities", "present", "threshold"),
    [
        ([0.9, 0.8, 0.3, 0.1], [1, 1, 0, 0], 0.55),  # parts them: half-way
        ([0.1, 0.8, 0.9, 0.3], [0, 1, 1, 0], 0.55),  # in any order
        ([0.9, 0.8, 0.3, 0.1], [1, 0, 0, 0], 0.85),
        ([0.9, 0.8, 0.3, 0.1], [0, 0, 0, 1], 0.05),  # only with all rows is it found: F1 2/5
        ([0.9, 0.8, 0.3, 0.1], [1, 1, 1, 1], 0.05),
        ([0.9, 0.6, 0.3, 0.2], [1, 0, 0, 1], 0.75),  # 2/3 with one row, 2/3 with four: the higher threshold
        ([0.9, 0.6, 0.4, 0.2], [0, 1, 1, 0], 0.3),  # 4/5
        ([0.7, 0.7, 0.1], [1, 0, 0], 0.4),  # a tie can not be parted
        ([0.5, 0.5, 0.5], [1, 0, 0], 0.25),
        ([0.9, 0.1], [0, 0], 0.5),  # nothing to find
        ([0.4], [1], 0.2),
        ([], [], 0.5),
    ],
)
def test_known_answers(probabilities: list[float], present: list[int], threshold: float) -> None:
    assert one(probabilities, present) == pytest.approx(threshold)


def test_labels_have_thresholds_of_their_own() -> None:
    probabilities = np.array([[0.9, 0.2], [0.8, 0.15], [0.3, 0.1], [0.1, 0.05]])
    present = np.array([[1, 1], [1, 1], [0, 0], [0, 0]])
    assert best_thresholds(probabilities, present, few=1) == pytest.approx([0.55, 0.125])


def test_a_label_with_few_rows_takes_that_of_all_together() -> None:
    probabilities = np.array([[0.9, 0.2], [0.8, 0.15], [0.3, 0.7], [0.1, 0.05]])
    present = np.array([[1, 0], [1, 0], [0, 1], [0, 0]])
    shared = one(probabilities.ravel().tolist(), present.ravel().tolist())
    assert shared == pytest.approx(0.5)
    assert best_thresholds(probabilities, present, few=2) == pytest.approx([0.55, shared])
    assert best_thresholds(probabilities, present) == pytest.approx([shared, shared])


def test_ten_rows_are_enough_for_an_own_threshold() -> None:
    probabilities = np.stack([np.linspace(0.3, 0.01, 30), np.linspace(0.99, 0.5, 30)], axis=1)
    present = np.zeros((30, 2), dtype=int)
    present[:10, 0] = 1
    present[:9, 1] = 1
    own, shared = best_thresholds(probabilities, present)
    assert probabilities[10, 0] < own < probabilities[9, 0]
    assert shared == one(probabilities.ravel().tolist(), present.ravel().tolist())


def test_the_order_of_rows_does_not_matter() -> None:
    generator = np.random.default_rng(0)
    probabilities, present = generator.uniform(size=(200, 3)).round(2), generator.integers(2, size=(200, 3))
    order = generator.permutation(200)
    assert best_thresholds(probabilities, present) == best_thresholds(probabilities[order], present[order])


# Few values make ties, neighbouring ones leave no number between them, and the extremes are what saturation gives.
values = st.one_of(
    st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, float(np.nextafter(1, 0)), float(np.nextafter(0.5, 1)), 5e-324]),
    st.floats(0, 1),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(values, st.booleans()), min_size=1, max_size=25))
def test_the_threshold_gives_exactly_the_best_f1(rows: list[tuple[float, bool]]) -> None:
    probabilities = np.array([p for p, _ in rows])
    present = np.array([yes for _, yes in rows], dtype=int)
    threshold = one(probabilities.tolist(), present.tolist())
    assert 0 <= threshold <= 1
    if present.any():
        assert f1_at(threshold, probabilities, present) == pytest.approx(best_f1(probabilities, present), abs=1e-12)


def test_a_new_head_starts_at_the_shares_and_a_trained_one_is_left(tiny_bert: Path, tmp_path: Path) -> None:
    from bertkit.models.build import build_model
    from bertkit.recipe.schema import ModelBlock
    from bertkit.tasks.classify.thresholds import start_at_shares

    auto = "AutoModelForSequenceClassification"
    model = build_model(ModelBlock(name=str(tiny_bert)), auto, num_labels=2)
    start_at_shares(model, [0.25, 0.5])
    assert model.classifier.bias.sigmoid().tolist() == pytest.approx([0.25, 0.5])
    model.save_pretrained(tmp_path / "trained")
    again = build_model(ModelBlock(name=str(tmp_path / "trained")), auto, num_labels=2)
    start_at_shares(again, [0.9, 0.9])
    assert again.classifier.bias.sigmoid().tolist() == pytest.approx([0.25, 0.5])
    start_at_shares(model, [0.25, 0.5], weights=[3.0, 1.0])
    assert model.classifier.bias.exp().tolist() == pytest.approx([1.0, 1.0])

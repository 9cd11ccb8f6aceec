"""The table of classes against scikit-learn's classification report and seqeval's."""

from __future__ import annotations

import numpy as np
import pytest
from seqeval.metrics import classification_report as entity_report
from sklearn.metrics import average_precision_score, classification_report, roc_auc_score

from bertkit.report.sections import classes
from bertkit.report.sections.ranked import LabelProbabilities
from bertkit.tasks.task import Verdict


def verdict(true: set[str], predicted: set[str]) -> Verdict:
    sides = [frozenset((name,) for name in side) for side in (true, predicted)]
    return Verdict("t", "", "", float(true == predicted), 0.5, *sides)


def check(row: classes.ClassRow, expected: dict[str, float]) -> None:
    one = row.figures
    figures = [one.precision, one.recall, one.f1, one.support]
    assert figures == pytest.approx([expected[key] for key in ("precision", "recall", "f1-score", "support")])


def test_averages_of_labels_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    true, predicted = rng.integers(5, size=200), rng.integers(6, size=200)
    found = classes.section([verdict({str(a)}, {str(b)}) for a, b in zip(true, predicted, strict=True)], None)
    expected = classification_report(true, predicted, output_dict=True, zero_division=0)
    assert [row.name for row in found.averages] == ["macro average", "weighted average"]
    check(found.averages[0], expected["macro avg"])
    check(found.averages[1], expected["weighted avg"])
    for row in found.rows:
        check(row, expected[row.name])
    assert not found.ranked and not found.places


def test_averages_of_several_labels_are_those_of_scikit_learn() -> None:
    """A label that no row has and that is never predicted counts, too."""
    rng = np.random.default_rng(1)
    true, predicted = rng.random((100, 5)) < 0.3, rng.random((100, 5)) < 0.4
    true[:, 4] = predicted[:, 4] = False
    names = list("abcde")
    rows = [verdict({names[i] for i in np.flatnonzero(a)}, {names[i] for i in np.flatnonzero(b)})
            for a, b in zip(true, predicted, strict=True)]  # fmt: skip
    shares = rng.random((100, 5))
    found = classes.section(rows, LabelProbabilities(names, shares, true))
    expected = classification_report(true, predicted, output_dict=True, zero_division=0)
    assert [row.name for row in found.averages] == ["micro average", "macro average", "weighted average"]
    for row, name in zip(found.averages, ("micro", "macro", "weighted"), strict=True):
        check(row, expected[f"{name} avg"])
    assert [row.name for row in found.rows] == names
    assert found.rows[4].average_precision is None
    assert found.averages[0].area == pytest.approx(roc_auc_score(true, shares, average="micro"))
    assert found.averages[1].area == pytest.approx(roc_auc_score(true[:, :4], shares[:, :4]))
    weighted = average_precision_score(true[:, :4], shares[:, :4], average="weighted")
    assert found.averages[2].average_precision == pytest.approx(weighted)


def test_averages_of_entities_are_those_of_seqeval() -> None:
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC"], ["B-ORG"]]
    predicted = [["B-PER", "I-PER", "O", "B-ORG"], ["B-LOC", "B-LOC"], ["B-ORG"]]
    sides = [
        (frozenset({("PER", 0, 2), ("LOC", 3, 4)}), frozenset({("PER", 0, 2), ("ORG", 3, 4)})),
        (frozenset({("LOC", 1, 2)}), frozenset({("LOC", 0, 1), ("LOC", 1, 2)})),
        (frozenset({("ORG", 0, 1)}), frozenset({("ORG", 0, 1)})),
    ]
    found = classes.section([Verdict("t", "", "", 0.5, None, *both) for both in sides], None)
    expected = entity_report(gold, predicted, output_dict=True, zero_division=0)
    for row, name in zip(found.averages, ("micro", "macro", "weighted"), strict=True):
        check(row, expected[f"{name} avg"])
    assert found.places


def test_averages_of_curves_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    true = rng.integers(3, size=90)
    shares = rng.dirichlet(np.ones(3), size=90)
    names = ["a", "b", "c"]
    rows = [verdict({names[a]}, {names[int(own.argmax())]}) for a, own in zip(true, shares, strict=True)]
    found = classes.section(rows, LabelProbabilities(names, shares, np.eye(3, dtype=bool)[true]))
    macro, weighted = found.averages
    assert macro.area == pytest.approx(roc_auc_score(true, shares, multi_class="ovr"))
    assert weighted.area == pytest.approx(roc_auc_score(true, shares, multi_class="ovr", average="weighted"))
    assert macro.average_precision == pytest.approx(average_precision_score(np.eye(3)[true], shares))
    assert len(found.plots) == 2


def test_both_of_two_labels_have_their_figures_and_one_has_a_curve() -> None:
    shares = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]])
    true = np.array([0, 1, 0, 1])
    rows = [verdict({"ab"[a]}, {"ab"[int(own.argmax())]}) for a, own in zip(true, shares, strict=True)]
    found = classes.section(rows, LabelProbabilities(["a", "b"], shares, np.eye(2, dtype=bool)[true]))
    assert [row.area for row in found.rows] == [0.75, 0.75]
    assert [row.average_precision for row in found.rows] == pytest.approx(
        [average_precision_score(true == i, shares[:, i]) for i in (0, 1)]
    )
    assert found.pairs == []  # the matrix has them all


def test_one_class_alone() -> None:
    has = np.array([[True, False]] * 3)
    found = classes.section([verdict({"a"}, {"a"})] * 3, LabelProbabilities(["a", "b"], np.full((3, 2), 0.5), has))
    assert [row.name for row in found.rows] == ["a"]
    assert not found.ranked and not found.plots
    assert found.averages[0].figures.f1 == 1.0
    assert classes.section([Verdict("t", "1", "2", -1.0)], None) == classes.ClassSection()


def test_of_very_many_classes_the_worst_are_shown_and_all_are_counted() -> None:
    names = [f"label {n}" for n in range(classes.CLASSES + 100)]
    rows = [verdict({name}, {name if n >= 50 else "label 0"}) for n, name in enumerate(names)]
    found = classes.section(rows, None)
    assert (len(found.rows), found.classes, found.worst_first) == (classes.CLASSES, len(names), True)
    assert found.averages[0].figures.support == len(names)
    assert len(found.pairs) == 49 and not found.matrix

"""How often do bertkit's 95% intervals hold the true figure?

Rows are drawn from populations whose figures are known, many times over, and each draw gets an interval as an
evaluation computes it. `missed below` and `missed above` say on which side of the interval the truth lay.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from side_by_side import HERE, markdown, parser, record, say

from bertkit.metrics import METRICS, Metric, intervals

Rows = tuple[Any, Any]
Draw = Callable[[np.random.Generator, int], Rows]
DOCS = HERE.parent / "docs" / "evaluate.md"
START, END = "<!-- intervals: made by benchmarks/intervals.py -->", "<!-- end of intervals -->"
SIZES = (50, 300)
SETS = 1_000
"""Data sets per population and size: a coverage of 0.95 is then known to 0.014 either way."""
SAMPLES = 500
"""Resamples per interval; an evaluation takes 1,000."""
LARGE = 400_000
"""Rows from which the true figures are computed."""
TEXTS = ("in the old town", "the town", "an old house", "a red house by the river", "the river", "")


def labels(shares: tuple[float, ...], right: float) -> Draw:
    """One label per row; a wrong prediction is any label."""

    def draw(generator: np.random.Generator, rows: int) -> Rows:
        truth = generator.choice(len(shares), size=rows, p=shares)
        guess = generator.choice(len(shares), size=rows, p=shares)
        return np.where(generator.random(rows) < right, truth, guess), truth

    return draw


def several(generator: np.random.Generator, rows: int) -> Rows:
    """Three labels a row."""
    truth = (generator.random((rows, 3)) < (0.5, 0.3, 0.2)).astype(int)
    return truth ^ (generator.random((rows, 3)) < 0.1), truth


def probabilities(classes: int, sharpen: float) -> Draw:
    """Logits of any strength; the label is drawn from their softmax; the model multiplies them by `sharpen`."""

    def softmax(logits: np.ndarray) -> np.ndarray:
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def draw(generator: np.random.Generator, rows: int) -> Rows:
        logits = generator.normal(scale=1.5, size=(rows, classes))
        limits = softmax(logits).cumsum(axis=1)
        truth = (generator.random((rows, 1)) > limits).sum(axis=1).clip(max=classes - 1)
        return softmax(sharpen * logits), truth

    return draw


def numbers(generator: np.random.Generator, rows: int) -> Rows:
    """Two numbers with a correlation of 0.8."""
    truth = generator.normal(size=rows)
    return 0.8 * truth + 0.6 * generator.normal(size=rows), truth


def tags(generator: np.random.Generator, rows: int) -> Rows:
    """Sentences of up to eight entities or plain words; a quarter of the entities are missed or get another type."""
    gold = np.array(["O", "O", "B-PER", "B-LOC"])[generator.integers(4, size=(rows, 8))]
    other = np.array(["O", "B-PER", "B-LOC"])[generator.integers(3, size=(rows, 8))]
    lengths = generator.integers(1, 9, size=rows)
    # Sentences differ in how hard they are, so that their entities are not independent.
    wrong = generator.random((rows, 8)) < generator.beta(1, 4, size=(rows, 1))
    sides = np.where(wrong, other, gold), gold
    predicted, actual = ([row[:n] for row, n in zip(side.tolist(), lengths, strict=True)] for side in sides)
    return predicted, actual


def answers(none: float) -> Draw:
    """Short texts; a share of the questions has no answer."""

    def draw(generator: np.random.Generator, rows: int) -> Rows:
        at = generator.integers(len(TEXTS) - 1, size=rows)
        said = np.where(generator.random(rows) < 0.6, at, generator.integers(len(TEXTS), size=rows))
        golds = [[] if nothing else [TEXTS[i]] for i, nothing in zip(at, generator.random(rows) < none, strict=True)]
        return [TEXTS[i] for i in said], golds

    return draw


def language(generator: np.random.Generator, rows: int) -> Rows:
    """Up to 20 masked tokens a row; rows differ in how hard they are."""
    masked = generator.integers(1, 21, size=rows)
    hard = generator.gamma(4, 0.5, size=rows)
    pair = generator.integers(2, size=rows)
    said = np.where(generator.random(rows) < 0.8, pair, 1 - pair)
    right = generator.binomial(masked, np.exp(-hard / 2))
    return np.stack([masked * hard, right, said], axis=1), np.stack([masked, pair], axis=1)


def rankings(generator: np.random.Generator, queries: int) -> Rows:
    """Two to twelve documents per query, of grades 0 to 2; queries differ in how hard they are."""
    query = np.repeat(np.arange(queries), generator.integers(2, 13, size=queries))
    grade = generator.choice(3, size=len(query), p=(0.7, 0.2, 0.1))
    hard = generator.gamma(2, 0.6, size=queries)[query]
    return grade + hard * generator.normal(size=len(query)), np.stack([query, grade], axis=1)


def found(generator: np.random.Generator, queries: int) -> Rows:
    """As `rankings`; half of the documents were retrieved."""
    scores, references = rankings(generator, queries)
    return np.where(generator.random(len(scores)) < 0.5, scores, -np.inf), references


TWO = {"two labels, 0.85 right": labels((0.6, 0.4), 0.7)}
RARE = {"five labels, the rarest 0.1": labels((0.35, 0.25, 0.18, 0.12, 0.1), 0.7)}
MANY = RARE | {"three labels, 0.9 right": labels((0.5, 0.3, 0.2), 0.85), "several labels per row": several}
PROBABILITIES = {
    "two labels, calibrated": probabilities(2, 1.0),
    "four labels, overconfident": probabilities(4, 2.5),
}
AVERAGES = [f"{kind}_{figure}" for kind in ("macro", "micro", "weighted") for figure in ("precision", "recall", "f1")]
AVERAGES.remove("macro_f1")
GROUPS: list[tuple[tuple[str, ...], dict[str, Draw]]] = [
    (("accuracy",), MANY | {"two labels, 0.97 right": labels((0.5, 0.5), 0.94)}),
    (("precision", "recall", "f1", "glue/mrpc"), TWO),
    (("macro_f1",), MANY),
    (tuple(AVERAGES), RARE),
    (("matthews",), TWO | RARE),
    (("auc", "log_loss", "calibration_error"), PROBABILITIES),
    (("pearson", "spearman", "mse", "mae"), {"correlation 0.8": numbers}),
    (("squad", "cmrc2018"), {"all have an answer": answers(0.0)}),
    (("squad_v2",), {"a third has no answer": answers(1 / 3)}),
    (("entity_f1", "strict_entity_f1"), {"1 to 8 words": tags}),
    (("ndcg@10", "mrr@10", "map"), {"queries, 2 to 12 documents": rankings}),
    (("recall@100",), {"queries, half is retrieved": found}),
    (("masked_loss", "perplexity", "masked_accuracy", "next_sentence_accuracy"), {"1 to 20 masked tokens": language}),
]
POPULATIONS = {name: populations for names, populations in GROUPS for name in names}
"""What the rows of each metric are drawn from, by name. GLUE's metrics are those above, and seqeval's are entity_f1."""


TOO_RARE = {"macro_f1": {"five labels, the rarest 0.04": labels((0.36, 0.26, 0.2, 0.14, 0.04), 0.7)}}
"""Of 50 rows two have the rarest label, on average: where no resampling is enough."""


@dataclass(frozen=True)
class Coverage:
    metric: str
    population: str
    figure: str
    rows: int
    truth: float
    sets: int
    below: int
    """Sets whose interval lies above the truth."""
    above: int
    without_point: int
    """Sets whose interval does not hold the set's own figure."""

    @property
    def held(self) -> float:
        return 1 - (self.below + self.above) / self.sets


def simulate(
    metric: Metric,
    population: str,
    draw: Draw,
    rows: int,
    *,
    sets: int = SETS,
    samples: int = SAMPLES,
    seed: int = 0,
    large: int = LARGE,
) -> list[Coverage]:
    """The coverage of each of a metric's figures that has an interval."""
    truth = metric(
        *draw(np.random.default_rng(1), large // (10 if metric.takes in ("tags", "answers", "ranking") else 1))
    )
    generator = np.random.default_rng((seed, rows))
    counts: dict[str, list[int]] = {}
    for number in range(sets):
        predictions, references = draw(generator, rows)
        spans = intervals(metric, predictions, references, samples=samples, seed=number)
        figures = metric(predictions, references)
        for name, (low, high) in spans.items():
            own = counts.setdefault(name, [0, 0, 0])
            own[0] += not low <= truth[name] + 1e-12
            own[1] += not truth[name] <= high + 1e-12
            own[2] += not low <= figures[name] <= high
    return [Coverage(metric.name, population, name, rows, truth[name], sets, *own) for name, own in counts.items()]


def lines(of: dict[str, dict[str, Draw]], sets: int, samples: int) -> list[dict[str, Any]]:
    """The table: one line per population and figure."""
    table: dict[tuple[str, str, str], dict[str, Any]] = {}
    for name, populations in of.items():
        for population, draw in populations.items():
            for rows in SIZES:
                for found in simulate(METRICS[name], population, draw, rows, sets=sets, samples=samples):
                    figure = found.figure if found.figure == name else f"{name}: {found.figure}"
                    line = table.setdefault(
                        (name, population, found.figure),
                        {"figure": figure, "rows are": population, "truth": f"{found.truth:.4g}"},
                    )
                    line |= {
                        f"n = {rows}": f"{found.held:.3f}",
                        f"missed at {rows}": f"{found.below} below, {found.above} above",
                        f"without itself at {rows}": found.without_point,
                    }
                    say(f"{figure}, {population}, {rows}: {found.held:.3f}")
    return list(table.values())


def docs_table(record: dict[str, Any]) -> str:
    """The table of docs/evaluate.md, from the record."""
    table, rare = record["tables"].values()
    columns = ("figure", "rows are", "truth", *(f"n = {rows}" for rows in SIZES))
    least = min(float(line[f"n = {rows}"]) for line in table for rows in SIZES)
    sets = record["settings"]["sets"]
    start = f"{sets:,} data sets per line and size; the least share of all lines but the last is {least:.3f}."
    shown = markdown([{name: line[name] for name in columns} for line in [*table, *rare]])
    end = (
        "The last line has a label of two rows in 50, on average: its F1 may be 0 by bad luck, and all resamples agree."
    )
    return f"{start}\n\n{shown}\n\n{end}"


def with_table(page: str, table: str) -> str:
    """The page with the table between its marks."""
    head, _, rest = page.partition(START)
    return f"{head}{START}\n\n{table}\n\n{END}{rest.partition(END)[2]}"


def main() -> None:
    options = parser(__doc__, data=False)
    options.add_argument("--sets", type=int, default=SETS, help="data sets per population and size")
    options.add_argument("--samples", type=int, default=SAMPLES, help="resamples per interval")
    args = options.parse_args()
    captions = {"Share of 95% intervals that hold the truth": POPULATIONS, "A label that is too rare": TOO_RARE}
    tables = {caption: lines(of, args.sets, args.samples) for caption, of in captions.items()}
    record("intervals", tables, args, __doc__)
    record_file = args.results / "intervals.json"
    if record_file.parent == HERE / "results":
        table = docs_table(json.loads(record_file.read_text("utf-8")))
        DOCS.write_text(with_table(DOCS.read_text("utf-8"), table), "utf-8")


if __name__ == "__main__":
    main()

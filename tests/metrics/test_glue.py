import pytest

from bertkit.metrics import METRICS


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("cola", ("matthews",)),
        ("sst2", ("accuracy",)),
        ("mrpc", ("f1", "accuracy")),
        ("stsb", ("pearson", "spearman")),
        ("qqp", ("f1", "accuracy")),
        ("mnli", ("accuracy",)),
        ("qnli", ("accuracy",)),
        ("rte", ("accuracy",)),
        ("wnli", ("accuracy",)),
        ("ax", ("matthews",)),
    ],
)
def test_figures(name, keys):
    metric = METRICS[f"glue/{name}"]
    rows = ([0, 1, 1], [0, 1, 0])
    assert metric.keys == keys
    assert metric.greater_is_better
    assert metric(*rows) == {key: METRICS[key](*rows)[key] for key in keys}

"""Rules of tagging schemes; that entities follow them as in seqeval is tested in test_tagging.py."""

from __future__ import annotations

import pytest

from bertkit.metrics.tag_schemes import STRICT, split_tag


def test_every_scheme_has_rules_for_its_prefixes() -> None:
    prefixes = {"IO": "I", "IOB1": "BI", "IOB2": "BI", "IOE1": "IE", "IOE2": "IE", "BIOES": "BIES", "BILOU": "BILU"}
    assert set(STRICT) == {*prefixes, "BMES"}
    for scheme, letters in prefixes.items():
        assert set("".join(STRICT[scheme])) & set("BIESMLU") == set(letters)


@pytest.mark.parametrize(
    ("tag", "split"),
    [
        ("B-PER", ("B", "PER")), ("B-B-LOC", ("B", "B-LOC")), ("B", ("B", "_")), ("I-", ("I", "_")),
        ("PER", ("I", "PER")), ("O", ("O", "_")), (None, ("O", "_")),
    ],
)  # fmt: skip
def test_prefix_and_type(tag: str | None, split: tuple[str, str]) -> None:
    assert split_tag(tag) == split

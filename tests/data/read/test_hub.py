from __future__ import annotations

import logging
import socket
import time
from typing import Any

import datasets
import huggingface_hub.constants
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from bertkit import hub, trust
from bertkit.data.read.readers import read_records
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from tests.helpers import messages
from tests.loopback_hub import TOKEN, LoopbackHub

ROWS = Dataset.from_dict(
    {"sentence": ["a", "b"], "label": [1, -1]},
    features=Features({"sentence": Value("string"), "label": ClassLabel(names=["negative", "positive"])}),
)


def rows(source: str, **options: Any) -> list[tuple[str, int, dict]]:
    return [(r.place, r.number, r.values) for r in read_records([source], DataBlock(**options))]


def message(source: str) -> str:
    with pytest.raises(DataError) as caught:
        rows(source)
    return str(caught.value)


@pytest.fixture
def asked(monkeypatch) -> list[tuple]:
    """The hub, with one data set; what it is asked for."""
    calls: list[tuple] = []

    def load_dataset(name, config, *, split, revision):
        calls.append((name, config, split, revision, datasets.config.HF_HUB_OFFLINE))
        return ROWS

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return calls


def test_class_numbers_become_names_and_a_hidden_label_none(online, asked):
    assert rows("hub:glue:sst2#train") == [
        ("hub:glue:sst2#train[row 1]", 1, {"sentence": "a", "label": "positive"}),
        ("hub:glue:sst2#train[row 2]", 2, {"sentence": "b", "label": None}),
    ]
    numbered = rows("hub:glue:sst2#train", label_ids=True, label_names=["no", "yes"])
    assert [values["label"] for _, _, values in numbered] == [1, -1]


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("hub:imdb#test", ("imdb", None, "test", None)),
        ("hub:nyu-mll/glue:sst2#train[:10]", ("nyu-mll/glue", "sst2", "train[:10]", None)),
        ("hub:a/b@v1.0#train", ("a/b", None, "train", "v1.0")),
        ("hub:a/b:c d@refs/pr/1#train", ("a/b", "c d", "train", "refs/pr/1")),
    ],
)
def test_the_parts_of_a_name(online, asked, source, call):
    rows(source)
    assert asked == [(*call, False)]


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("hub:imdb", "hub:imdb  names no split; name it: hub:imdb#train"),
        ("hub:a/b/c#train", "not the name of a data set"),
        ("hub:#train", "not the name of a data set"),
    ],
)
def test_wrong_names(asked, source, what):
    assert what in message(source)
    assert not asked


def test_a_folder_of_the_same_name_is_not_taken_for_the_hub(online, asked, write):
    write("glue/train.csv", "text\nx\n")
    assert message("hub:glue#train") == "hub:glue  a folder named glue is here; name it without hub: to read it"
    assert not asked


def test_the_cause_of_a_failure_is_told(online, monkeypatch):
    def load_dataset(*_, **__):
        try:
            raise ValueError("bad\n  row")
        except ValueError as error:
            raise RuntimeError("An error occurred while generating the dataset") from error

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(DataError) as caught:
        rows("hub:glue#train")
    assert str(caught.value) == "hub:glue#train  can not be loaded: ValueError: bad row"
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_the_script_of_a_data_set_is_not_run(online, monkeypatch, tmp_path):
    """`datasets` has given up scripts: there is nothing to trust, with --trust-code or without."""
    script = tmp_path / "theirs.py"
    script.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    load = datasets.load_dataset
    monkeypatch.setattr(datasets, "load_dataset", lambda name, *_, **__: load(str(script), trust_remote_code=True))
    with trust.given():
        assert "Dataset scripts are no longer supported, but found theirs.py" in message("hub:somebody/theirs#train")
    assert not (tmp_path / "ran").exists()


def test_offline_by_wish_fails_at_once():
    start = time.perf_counter()
    found = message("hub:nobody/nothing#train")
    assert "HF_HUB_OFFLINE is set, and this is not in the local cache (" in found
    assert "load it once with a network, or name a local file" in found
    assert time.perf_counter() - start < 3


def test_without_a_network_only_the_cache_is_asked(online, asked, monkeypatch):
    def fail(*_):
        raise OSError("Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert len(rows("hub:glue#train")) == 2
    assert asked == [("glue", None, "train", None, True)]
    assert not datasets.config.HF_HUB_OFFLINE
    assert not huggingface_hub.constants.HF_HUB_OFFLINE


def test_without_a_network_and_a_cache_it_fails_at_once(online, monkeypatch):
    def fail(*_):
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert "the hub can not be reached, and this is not in the local cache" in message("hub:nobody/nothing#train")


REVIEWS = b"text,label\nwhere is my parcel,question\nmoney back,refund\n"
MORE = b"text,label\nhello,greeting\n"


@pytest.fixture
def shop(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> LoopbackHub:
    """A hub with the data set me/shop-reviews: a file for each split. Nothing waits."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    loopback.add("me/shop-reviews", {"train.csv": REVIEWS, "test.csv": MORE}, kind="dataset")
    return loopback


def test_a_data_set_of_a_hub(shop: LoopbackHub) -> None:
    found = [values for _, _, values in rows("hub:me/shop-reviews#train")]
    assert found == [
        {"text": "where is my parcel", "label": "question"},
        {"text": "money back", "label": "refund"},
    ]
    assert [values["label"] for _, _, values in rows("hub:me/shop-reviews#test")] == ["greeting"]


def test_parquet_and_a_revision(shop: LoopbackHub, tmp_path: Any) -> None:
    ROWS.to_parquet(tmp_path / "rows.parquet")
    content = {"data/train-00000-of-00001.parquet": (tmp_path / "rows.parquet").read_bytes()}
    commit = shop.add("me/shop-reviews", content, kind="dataset", revision="v2")
    for revision in ("v2", commit):
        assert [values["label"] for _, _, values in rows(f"hub:me/shop-reviews@{revision}#train")] == ["positive", None]
    assert len(rows("hub:me/shop-reviews#train")) == 2
    page = f"{shop.endpoint}/datasets/me/shop-reviews/tree/main"
    assert message("hub:me/shop-reviews@v3#train") == (
        "hub:me/shop-reviews@v3#train  me/shop-reviews: the hub has no revision v3 of it; "
        f"{page} lists its branches and tags"
    )


def test_a_name_that_the_hub_does_not_have(shop: LoopbackHub) -> None:
    assert message("hub:me/shop-review#train") == (
        "hub:me/shop-review#train  me/shop-review: the hub has no such data set, or it is private; "
        "did you mean me/shop-reviews?; if it is private: hf auth login"
    )


def test_a_gated_data_set(shop: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.limit("me/shop-reviews", kind="dataset", gated=True)
    assert message("hub:me/shop-reviews#train").endswith(
        f"its authors ask you to accept their terms; accept them at {shop.endpoint}/datasets/me/shop-reviews, "
        "then hf auth login"
    )
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert len(rows("hub:me/shop-reviews#train")) == 2


def test_a_split_that_it_does_not_have(shop: LoopbackHub) -> None:
    assert 'Unknown split "dev". Should be one of' in message("hub:me/shop-reviews#dev")


def test_a_hub_in_trouble_and_the_cache(
    shop: LoopbackHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop.fail("revision/main", 503)
    trouble = "me/shop-reviews: the hub is out of order (HTTP 503)"
    assert f"{trouble}; try again in some minutes" in message("hub:me/shop-reviews#train")
    shop.faults.clear()
    assert len(rows("hub:me/shop-reviews#train")) == 2
    shop.fail("revision/main", 503)
    hub.files.cache_clear()
    caplog.set_level(logging.INFO, "bertkit")
    assert len(rows("hub:me/shop-reviews#train")) == 2
    assert f"{trouble}: its copy in the cache is used" in messages(caplog)
    asked = len(shop.asked)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert len(rows("hub:me/shop-reviews#train")) == 2
    assert "HF_HUB_OFFLINE is set, and this is not in the local cache" in message("hub:me/other#train")
    assert len(shop.asked) == asked


def test_a_file_of_data_that_is_cut_or_refused(shop: LoopbackHub) -> None:
    shop.fail("/train.csv", 503)
    problem = message("hub:me/shop-reviews#train")
    assert problem.startswith("hub:me/shop-reviews#train  ")
    assert "503" in problem
    shop.faults.clear()
    shop.cut("/train.csv", 20, times=1)
    assert len(rows("hub:me/shop-reviews#train")) == 2

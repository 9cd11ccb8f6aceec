"""A tiny BERT and its vocabulary, made once; the hub is offline and sockets are shut."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("CUDA_VISIBLE_DEVICES", os.environ.get("BERTKIT_TEST_GPU", ""))

with contextlib.suppress(ImportError):
    import uvloop  # noqa: F401 - it keeps the class of sockets that it finds, so before they are shut
import pytest
from _pytest.nodeid import coerce_node_id
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket

from bertkit import Run, cli
from tests.framed import frame
from tests.tiny import WORDS, make_bert, make_tokenizer

DRAWING = ("test_page",)
"""Modules outside of tests/report that look into plots."""
LONG = ("test_outside", "test_resume", "test_docs", "test_bench", "test_smoke")
"""Modules with tests of several seconds."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups and long tests first: none is left when all others have ended.

    A group's name ends the ids of its tests. xdist 3.8 sets it where pytest 9.2 has the id no more, so that groups were
    divided between the processes, and each trained what the group shares.
    """
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None and item.path.stem not in LONG)
    for item in items if "PYTEST_XDIST_WORKER" in os.environ else ():
        if (mark := item.get_closest_marker("xdist_group")) and "@" not in item.nodeid:
            item._id = coerce_node_id(f"{item.nodeid}@{mark.args[0]}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    disable_socket(allow_unix_socket=True)
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("there is no CUDA device")


settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")  # a machine that stalls is no fault of an example


@pytest.fixture(scope="session", autouse=True)
def _small_and_steady() -> None:
    """One thread a test process, as two of them share two cores, and fewer bootstrap samples."""
    import gc

    import torch
    from transformers import Trainer  # noqa: F401 - before the freeze

    from bertkit.inference import score

    torch.set_num_threads(1)
    score.SAMPLES = 50
    gc.collect()
    gc.freeze()  # Trainer collects garbage at every start: a third of a second for all that was imported


@pytest.fixture(scope="module", autouse=True)
def _plots(request: pytest.FixtureRequest):
    """Frames in place of plots, which are half the time of a tiny training; tests/report and test_page.py draw them."""
    from bertkit.report import plots

    if request.path.parent.name == "report" or request.path.stem in DRAWING:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "drawn", frame)
        yield


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A cache and a list of allowed code of this session's own, empty at its beginning."""
    os.environ["BERTKIT_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    os.environ["XDG_DATA_HOME"] = str(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def words() -> list[str]:
    """The texts that the vocabulary is trained on."""
    return WORDS.read_text("utf-8").splitlines()


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory, tokenizer_folder: Path) -> Path:
    return make_bert(tokenizer_folder, tmp_path_factory.mktemp("tiny-bert"))


@pytest.fixture(scope="session")
def tiny_run(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A Run of classify, 4 steps on the task's tiny rows."""
    from bertkit import train
    from tests.helpers import tiny_recipe

    folder = tmp_path_factory.mktemp("tiny-run")
    return train(tiny_recipe("classify", {}, tiny_bert, folder), output=folder / "run")


@pytest.fixture(scope="session")
def warm():
    """A multiprocessing context whose processes have imported all that is slow."""
    import multiprocessing
    from multiprocessing import forkserver

    from tests.launched import PRELOAD

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    yield context
    forkserver._forkserver._stop()  # else it stays after the tests


@pytest.fixture
def cut_at(monkeypatch: pytest.MonkeyPatch):
    """`cut_at(7)`: each training ends with Power after its step 7; `cut_at(None)` mends it."""
    from bertkit.training import callbacks
    from tests.helpers import Power

    plain, at = callbacks.StopWatch.on_step_end, []

    def on_step_end(self, args, state, control, **kwargs) -> None:
        plain(self, args, state, control, **kwargs)
        if at[-1:] == [state.global_step]:
            raise Power

    monkeypatch.setattr(callbacks.StopWatch, "on_step_end", on_step_end)
    return at.append


@pytest.fixture
def bertkit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """The command line, in this process: `bertkit("train", ...)` -> (exit code, standard output, standard error)."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch):
    """The hub seems to be there: its name has an address. Sockets stay shut."""
    import datasets.config
    import huggingface_hub.constants

    from bertkit import hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub.urllib.request, "getproxies", dict)
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [])
    monkeypatch.setattr(hub, "files", lambda *_: frozenset({"config.json"}))  # whatever is asked for is there
    hub._has_address.cache_clear()
    yield
    hub._has_address.cache_clear()


@pytest.fixture
def loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A hub on this machine, empty: see tests/loopback_hub.py."""
    from tests.loopback_hub import serve

    with serve(tmp_path / "hub-cache", monkeypatch) as hub:
        yield hub

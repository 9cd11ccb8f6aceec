"""Clusters: what each worker gets, and what is said where no cluster answers or a node lacks something."""

from __future__ import annotations

import pytest

import bertkit
from bertkit import extras
from bertkit.engine import cluster as cluster_module
from bertkit.engine.cluster import Cluster, NodeShare, check_node, cluster
from bertkit.errors import ExtraError, TrainingError


def nodes(*resources: dict[str, float]) -> Cluster:
    return Cluster([{"Resources": each} for each in resources])


@pytest.mark.parametrize(
    ("found", "wanted", "workers"),
    [
        (nodes({"CPU": 2}), None, NodeShare(1, 2, 0)),
        (nodes({"CPU": 2}), 2, NodeShare(2, 1, 0)),
        (nodes({"CPU": 2}), 4, NodeShare(4, 0.5, 0)),
        (nodes({"CPU": 8}, {"CPU": 8}), None, NodeShare(2, 8, 0)),
        (nodes({"CPU": 8}, {"CPU": 2}), None, NodeShare(2, 2, 0)),
        (nodes({}, {"CPU": 4}), None, NodeShare(1, 4, 0)),
        (nodes({"CPU": 8}, {"CPU": 64, "GPU": 8}), None, NodeShare(8, 0, 1)),
        (nodes({"CPU": 8, "GPU": 1}), 2, NodeShare(2, 0, 0.5)),
        (nodes({"CPU": 8, "GPU": 4}), 2, NodeShare(2, 0, 1)),
    ],
)
def test_what_each_worker_gets(found: Cluster, wanted: int | None, workers: NodeShare) -> None:
    assert found.share(wanted) == workers


@pytest.mark.parametrize("address", ["somewhere", "ray://head:10001", ":6379", "head:port", "", "head:"])
def test_what_is_not_an_address(address: str) -> None:
    with pytest.raises(TrainingError, match=r"^--ray  .*: not an address; give HOST:PORT of the head node"):
        cluster_module._check(address)


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(cluster_module.socket, "create_connection", refuse)
    with (
        pytest.raises(
            TrainingError, match=r"^--ray  head:6379: no cluster answers: Connection refused; start one with"
        ),
        cluster("head:6379"),
    ):
        pass


class Line:
    """A connection on which something answers."""

    def __init__(self, answer: bytes):
        self.answer, self.sent = answer, b""

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None: ...

    def settimeout(self, _: float) -> None: ...

    def sendall(self, content: bytes) -> None:
        self.sent += content

    def recv(self, count: int) -> bytes:
        return self.answer[:count]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad request", b"SSH-2.0-OpenSSH_9.2", b""])
def test_something_else_answers(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    monkeypatch.setattr(cluster_module.socket, "create_connection", lambda *_: Line(answer))
    with pytest.raises(TrainingError, match=r"^--ray  head:6379: what answers there is not Ray; start one with"):
        cluster_module._check("head:6379")


def test_ray_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(bytes((0, 0, 18, 4, 0, 0, 0, 0, 0)))
    monkeypatch.setattr(cluster_module.socket, "create_connection", lambda *_: line)
    cluster_module._check("head:6379")
    assert line.sent == b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has", lambda module: False)
    with (
        pytest.raises(ExtraError, match=r"--ray  needs the package ray, .*; pip install 'bertkit\[ray\]'"),
        cluster("auto"),
    ):
        pass


def test_what_a_node_lacks() -> None:
    check_node("10.0.0.7", bertkit.__version__, [])
    with pytest.raises(ExtraError, match=r"^--ray  the node 10.0.0.7 lacks bertkit, onnxruntime; install there"):
        check_node("10.0.0.7", "", ["bertkit", "onnxruntime"])
    with pytest.raises(ExtraError, match=r"the node 10.0.0.7 has bertkit 0.0.1, this machine"):
        check_node("10.0.0.7", "0.0.1", [])


def test_the_probe_runs_without_bertkit() -> None:
    defined: dict[str, object] = {"__name__": "__main__"}
    exec(cluster_module.PROBE, defined)
    probe = defined["probe"]
    assert callable(probe)
    assert probe(["json", "no_such_module"]) == (bertkit.__version__, ["no_such_module"])

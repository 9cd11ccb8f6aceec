"""Ray: a cluster that exists, or one that is started on this machine for as long as it is needed."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bertkit
from bertkit import extras
from bertkit.errors import ExtraError, Parameter, TrainingError
from bertkit.fs import cores

LOCAL = "local"
"""In place of an address: start Ray on this machine."""
AUTO = "auto"
"""In place of an address: the cluster that this machine belongs to."""
ANSWER = 5.0
"""Seconds in which an address must answer."""

SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""A frame of HTTP/2 (RFC 9113, section 6.5); its fourth byte is its kind."""
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SETTINGS
"""How a connection of HTTP/2 opens (section 3.4), which Ray speaks: its server answers with settings of its own."""

PROBE = """
def probe(modules):
    import importlib.util
    missing = [name for name in ("bertkit", *modules) if importlib.util.find_spec(name) is None]
    if "bertkit" in missing:
        return "", missing
    import bertkit
    return bertkit.__version__, missing
"""
"""Runs on each node; as text, since a function of bertkit could not be unpickled where bertkit is missing."""


@dataclass(frozen=True)
class NodeShare:
    """How many processes share the work, and what each of them has."""

    count: int
    cpus: float
    gpus: float


@dataclass(frozen=True)
class Cluster:
    """The nodes of a cluster, as Ray describes them."""

    nodes: Sequence[dict[str, Any]]

    def share(self, wanted: int | None = None) -> NodeShare:
        """A worker for each GPU; without GPUs one for each node, with all its cores.

        Args:
            wanted: so many in place of that.
        """
        gpus = [int(node["Resources"].get("GPU", 0)) for node in self.nodes]
        cpus = [node["Resources"].get("CPU", 0) for node in self.nodes]
        working = [cpu for cpu in cpus if cpu]
        count = wanted or sum(gpus) or len(working) or 1
        if sum(gpus):
            return NodeShare(count, 0, min(1.0, sum(gpus) / count))
        share = sum(working) / count
        return NodeShare(count, max(0.01, min(int(share) if share >= 1 else share, *working)) if working else 0, 0)

    def check(self, modules: Sequence[str] = ()) -> None:
        """Check that each node has this version of bertkit, and these modules.

        Raises:
            ExtraError: a node has not.
        """
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        defined: dict[str, Any] = {"__name__": "__main__"}
        exec(PROBE, defined)
        probe = ray.remote(num_cpus=0)(defined["probe"])
        asked = {}
        for node in self.nodes:
            here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            asked[node["NodeManagerAddress"]] = probe.options(scheduling_strategy=here).remote(modules)
        for address, answer in asked.items():
            check_node(address, *ray.get(answer))


def check_node(address: str, version: str, missing: Sequence[str]) -> None:
    """Raise an ExtraError if a node lacks what is needed."""
    todo = f"install there what this machine has: pip install 'bertkit[ray]=={bertkit.__version__}'"
    if missing:
        raise ExtraError.at(Parameter("ray"), f"the node {address} lacks {', '.join(missing)}", todo)
    if version != bertkit.__version__:
        what = f"the node {address} has bertkit {version}, this machine {bertkit.__version__}"
        raise ExtraError.at(Parameter("ray"), what, todo)


@contextmanager
def cluster(address: str) -> Iterator[Cluster]:
    """Be connected to a cluster.

    Args:
        address: `HOST:PORT` of one that exists, `auto` or `local`.

    Raises:
        ExtraError: Ray is not installed.
        TrainingError: no cluster answers at this address, or it has another version of Ray or Python.
    """
    for name, value in _settings(address).items():  # read when Ray is imported
        os.environ.setdefault(name, value)
    ray: Any = extras.need("ray", extra="ray", feature="--ray")
    _check(address)
    options: dict[str, Any] = {"num_cpus": cores(), "include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
            **options,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        todo = "start one with: ray start --head; or start Ray here: --ray local"
        raise TrainingError.at(Parameter("ray"), f"{address}: {_said(error)}", todo) from error
    try:
        yield Cluster([node for node in ray.nodes() if node["Alive"]])
    finally:
        ray.shutdown()


def _settings(address: str) -> dict[str, str]:
    """What the environment tells Ray, where the user has not set it."""
    found = {
        "RAY_USAGE_STATS_ENABLED": "0",  # it would send figures to its makers
        "RAY_BACKEND_LOG_LEVEL": "fatal",  # what ends the work is an exception
    }
    tokens = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
    if address == LOCAL or (Path.home() / ".ray" / "auth_token").is_file() or any(map(os.environ.get, tokens)):
        found["RAY_AUTH_MODE"] = "token"  # as `ray start` does where there is a token; by itself a program does not
    return found


def _said(error: Exception) -> str:
    """The first line of what Ray says, and what it compares where versions differ."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:1] if "ersion mismatch" not in str(error) else lines)[:300].rstrip(".")


def _check(address: str) -> None:
    """Raise a TrainingError for an address at which nobody answers: Ray itself would wait for a minute."""
    if address in (LOCAL, AUTO):
        return
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        todo = "give HOST:PORT of the head node, from a machine of the cluster; auto; or local"
        raise TrainingError.at(Parameter("ray"), f"{address}: not an address", todo)
    todo = "start one with: ray start --head; or start Ray here: --ray local"
    try:
        with socket.create_connection((host, int(port)), ANSWER) as line:
            line.settimeout(ANSWER)
            line.sendall(GREETING)
            answer = line.recv(9)
    except (OSError, OverflowError) as error:
        what = f"{address}: no cluster answers: {getattr(error, 'strerror', None) or error}"
        raise TrainingError.at(Parameter("ray"), what, todo) from error
    if answer[3:4] != SETTINGS[3:4] and os.environ.get("RAY_USE_TLS") != "1":
        raise TrainingError.at(Parameter("ray"), f"{address}: what answers there is not Ray", todo)

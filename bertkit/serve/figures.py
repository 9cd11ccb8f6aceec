"""Figures of a server, as Prometheus reads them at `/metrics`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from bertkit.serve.lane import Load

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Figures:
    """Counters of requests, and the load of the batcher."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("door", "status")
        self._requests = Counter("bertkit_requests", "Requests answered or refused.", labels, registry=self._registry)
        self._seconds = Histogram(
            "bertkit_request_seconds", "From a request's first byte to the end of its reply.", ("door",),
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        self._gone = Counter("bertkit_clients_gone", "Clients that left before the reply.", registry=self._registry)
        self._tokens = Counter("bertkit_tokens", "Tokens that models read.", ("model",), registry=self._registry)
        self._cut = Counter(
            "bertkit_cut_tokens", "Tokens that models did not read.", ("model",), registry=self._registry
        )

    def watch(self, load: Load) -> None:
        """Show the load of a batcher."""
        self._registry.register(_LoadCollector(load))

    def request(self, door: str, status: int, seconds: float) -> None:
        """Count a request. `door` is the route's path, never the client's own."""
        self._requests.labels(door, str(status)).inc()
        self._seconds.labels(door).observe(seconds)

    def gone(self) -> None:
        self._gone.inc()

    def read(self, model: str, tokens: int, cut: int) -> None:
        """Count the tokens of a reply."""
        self._tokens.labels(model).inc(tokens)
        self._cut.labels(model).inc(cut)

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _LoadCollector(Collector):
    def __init__(self, load: Load):
        self._load = load

    def collect(self):
        load = self._load
        for name, what, value in (
            ("waiting_tokens", "Tokens in the queue.", load.waiting),
            ("running_tokens", "Tokens that are computed now.", load.running),
        ):
            yield GaugeMetricFamily(f"bertkit_{name}", what, value=value)
        for name, what, total in (
            ("batches", "Batches computed.", load.batches),
            ("batch_examples", "Examples in these batches.", load.examples),
            ("batch_tokens", "Tokens in these batches.", load.tokens),
            ("batch_seconds", "Seconds that these batches took.", load.seconds),
        ):
            yield CounterMetricFamily(f"bertkit_{name}", what, value=total)

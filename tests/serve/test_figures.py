"""Figures as Prometheus reads them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from bertkit.serve.figures import Figures
from bertkit.serve.lane import Load


def test_what_counts_up_is_a_counter() -> None:
    figures, load = Figures(), Load(waiting=5, batches=3, seconds=0.5)
    figures.watch(load)
    figures.request("/v1/search", 200, 0.03)
    figures.gone()
    figures.read("mine", 12, 2)
    families = {one.name: one for one in text_string_to_metric_families(figures.text().decode())}
    kinds = {name: one.type for name, one in families.items()}
    assert kinds["bertkit_waiting_tokens"] == "gauge"
    assert {kinds[f"bertkit_{name}"] for name in ("batches", "batch_seconds", "requests", "tokens")} == {"counter"}
    assert kinds["bertkit_request_seconds"] == "histogram"
    samples = {sample.name: sample.value for one in families.values() for sample in one.samples}
    assert samples["bertkit_batch_seconds_total"] == 0.5
    assert samples["bertkit_cut_tokens_total"] == 2
    load.batches = 4
    assert b"bertkit_batches_total 4.0" in figures.text()

"""The figures of an application as a page for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from wsocket.core.wsgi import Environ
from wsocket.metrics import BOUNDS, Metrics, RouterMetrics


class MetricsPage(Collector):
    """Answers requests with the present figures.

    Args:
        metrics: Takes them.
    """

    def __init__(self, metrics: Callable[[], Metrics]) -> None:
        self._metrics = metrics
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> bytes:
        """Answer a request (PEP 3333)."""
        body: bytes = generate_latest(self._registry)
        headers = [("Content-Type", CONTENT_TYPE_LATEST), ("Cache-Control", "no-store")]
        start_response("200 OK", headers)
        return body

    def describe(self) -> list[Metric]:
        """Nothing: names are only known when figures are taken."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What the registry asks for."""
        metrics = self._metrics()
        yield _gauge("connections", "Open connections.", metrics.connections)
        yield _gauge("backlog_bytes", "Bytes that wait.", metrics.backlog_bytes)
        yield _gauge("memory_bytes", "Charged to Limits.memory.", metrics.memory_bytes)
        yield _gauge("memory_limit_bytes", "Limits.memory.", metrics.memory_limit)
        yield _gauge(
            "longest_turn_seconds",
            "The longest turn of the loop since the last scrape.",
            metrics.longest_turn,
        )
        yield _counter(
            "events_dropped",
            "Events that receivers did not get.",
            "reason",
            metrics.events_dropped,
        )
        yield from _workers(metrics)
        if metrics.router is not None:
            yield from _router(metrics.router)


def _workers(metrics: Metrics) -> Iterator[Metric]:
    for field, text in (
        ("busy", "Tasks that run."),
        ("waiting", "Tasks that wait for a worker."),
        ("bytes", "What tasks keep."),
    ):
        family = GaugeMetricFamily(f"wsocket_workers_{field}", text, labels=["pool"])
        for pool, workers in metrics.workers.items():
            family.add_metric([pool], getattr(workers, field))
        yield family


def _router(router: RouterMetrics) -> Iterator[Metric]:
    sessions = GaugeMetricFamily("wsocket_sessions", "Open sessions.", labels=["realm"])
    for realm, number in router.sessions.items():
        sessions.add_metric([realm], number)
    yield sessions
    yield CounterMetricFamily(
        "wsocket_joins", "Sessions that have joined.", value=router.joins
    )
    yield _counter("refusals", "ABORTs.", "reason", router.refusals)
    yield _counter("messages_received", "Messages of clients.", "type", router.received)
    yield _counter("messages_sent", "Messages to clients.", "type", router.sent)
    yield HistogramMetricFamily(
        "wsocket_call_seconds",
        "From CALL to its answer.",
        buckets=list(
            zip(
                [*map(str, BOUNDS), "+Inf"],
                accumulate(router.calls.counts),
                strict=True,
            )
        ),
        sum_value=router.calls.total,
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"wsocket_{name}", text, value=value)


def _counter(name: str, text: str, label: str, values: Any) -> Metric:
    family = CounterMetricFamily(f"wsocket_{name}", text, labels=[label])
    for key, number in values.items():
        family.add_metric([key], number)
    return family

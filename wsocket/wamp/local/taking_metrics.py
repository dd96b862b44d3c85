"""Taking the figures of a process."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from wsocket.core.concurrency.workers import Workers
from wsocket.core.net.future import Future, ask
from wsocket.core.net.loop import get_loop
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.per_process import PerProcess
from wsocket.metrics import Metrics, WorkersMetrics
from wsocket.project import installation
from wsocket.wamp.local.application import Application


def take_metrics(
    connections: PerProcess[OpenConnections], application: Application | None
) -> Metrics:
    """The figures of this process; from any thread."""

    def take(waiter: Future[Metrics]) -> None:
        waiter.set(_metrics(connections.get(), application))

    return ask(get_loop(), take)


def _metrics(connections: OpenConnections, application: Application | None) -> Metrics:
    memory = connections.memory
    dropped = {"too_slow": memory.too_slow, "memory": memory.shed}
    pools: dict[str, Workers] = {}
    router = None
    if application is not None:
        pools = dict(application.workers())
        traffic = application.router.traffic
        dropped |= {"unwritable": traffic.unwritable, "late": traffic.late}
        router = application.router.metrics()
    return Metrics(
        connections=connections.count,
        backlog_bytes=memory.backlog,
        memory_bytes=memory.used,
        memory_limit=memory.limit,
        events_dropped=MappingProxyType(dropped),
        longest_turn=connections.turns.take(),
        workers=MappingProxyType({name: _pool(each) for name, each in pools.items()}),
        router=router,
    )


def _pool(workers: Workers) -> WorkersMetrics:
    return WorkersMetrics(workers.running, workers.waiting, workers.budget.used)


def metrics_page(metrics: Callable[[], Metrics]) -> Callable[..., Any]:
    """The page with these figures for Prometheus.

    Raises:
        RuntimeError: prometheus-client is missing.
    """
    if find_spec("prometheus_client") is None:
        raise RuntimeError(
            f"metrics= needs prometheus-client: {installation('metrics')}"
        )
    # Its import takes a tenth of a second, which only those pay who want it.
    page: Callable[..., Any] = import_module("wsocket.prometheus").MetricsPage(metrics)
    return page

"""Is the process alive, can it work, and how is it doing?

/healthz asks nothing of anything. /readyz tries to write. /metrics counts rows and work done.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from notifier.metrics import REGISTRY
from notifier.services.operation import Reading, read_operation, read_readiness
from notifier.web.guards import Guard, guarded
from notifier.web.here import env

blueprint = Blueprint("health", __name__)

WsgiApp = Callable[..., Iterable[bytes]]


class AnyName:
    """A balancer and Prometheus ask a machine by its own address, which the public name is not.

    Their answers name no host, so the rule that only known hosts are served does without them.
    Numbers that no token guards keep it: a page elsewhere could be made to read them.
    """

    def __init__(self, app: WsgiApp, *, token: str) -> None:
        self._app = app
        self._paths = {"/healthz", "/readyz", *(["/metrics"] if token else [])}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in self._paths:
            environ["HTTP_HOST"] = "localhost"
        return self._app(environ, start_response)


@blueprint.get("/healthz")
@guarded(Guard.ANYBODY)
def healthz() -> Response:
    return jsonify({"status": "alive"})


@blueprint.get("/readyz")
@guarded(Guard.ANYBODY)
def readyz() -> Response:
    """200 when the database takes writes, has room for more and the schema this program needs;
    503 otherwise, with a sentence."""
    found = read_readiness(env())
    said: dict[str, bool | str] = {
        "database": found.database,
        "schema": found.schema,
        "room": found.room,
    }
    answer = jsonify(said if found.is_ready else said | {"trouble": found.trouble})
    if not found.is_ready:
        answer.status_code = 503
        answer.headers["Retry-After"] = "5"
    return answer


@blueprint.get("/metrics")
@guarded(Guard.OPERATOR)
def metrics() -> Response:
    """Prometheus text. With service.metrics_token set it asks for that as a bearer token."""
    token = env().config.service.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and not hmac.compare_digest(given.encode(), token.encode()):
        return Response("Send the metrics token as a bearer token.\n", status=401)
    text = generate_latest(REGISTRY) + generate_latest(_registry(read_operation(env())))
    return Response(text, mimetype="text/plain; version=0.0.4")


def _registry(reading: Reading) -> CollectorRegistry:
    """What rows say now, as gauges."""
    registry = CollectorRegistry()

    def gauge(name: str, help_text: str, labels: list[str]) -> Gauge:
        return Gauge(f"notifier_{name}", help_text, labels, registry=registry)

    backlog = gauge("backlog", "Open messages.", ["state", "kind", "medium"])
    for depth in reading.depths:
        backlog.labels(depth.state, depth.kind, depth.medium).set(depth.count)
    age = gauge("source_age_seconds", "Age of what a source vouches for.", ["source"])
    failures = gauge("source_failures", "Failed looks in a row.", ["source"])
    late = gauge("source_late_seconds", "How long a look has been due.", ["source"])
    trouble = gauge("source_trouble", "1 for what ails a source.", ["source", "code"])
    for source in reading.sources:
        failures.labels(source.name).set(source.failures)
        late.labels(source.name).set(source.late)
        if source.trouble_code:
            trouble.labels(source.name, source.trouble_code).set(1)
        if source.age is not None:
            age.labels(source.name).set(source.age)
    by_one: list[tuple[str, str, str, Mapping[str, float]]] = [
        ("oldest_due_seconds", "Age of the oldest message due.", "medium", reading.oldest_due),
        ("subscriptions", "Subscriptions by state.", "state", reading.subscriptions),
        ("releases", "Releases by state.", "state", reading.releases),
        (
            "restock_to_first_message_seconds",
            "Of releases of the last day.",
            "quantile",
            reading.first_message,
        ),
        ("job_age_seconds", "Since a job last finished.", "job", reading.jobs),
        ("job_late_seconds", "How long the run of a job has been due.", "job", reading.late_jobs),
        ("opt_ins", "Sign-ups of the last day by how far they came.", "step", reading.opt_ins),
        (
            "alerts_braked",
            "1 while a shop's alerts wait: too many came back.",
            "shop",
            reading.braked,
        ),
        ("hook_silent_seconds", "Since a shop's system told something.", "hook", reading.silences),
    ]
    for name, help_text, label, values in by_one:
        family = gauge(name, help_text, [label])
        for word, value in values.items():
            family.labels(word).set(value)
    messages = gauge("messages", "Messages of the last day by end state.", ["channel", "state"])
    for (channel, state), count in reading.finished.items():
        messages.labels(channel, state).set(count)
    for name, help_text, value in reading.singles:
        gauge(name, help_text, []).set(value)
    return registry

"""What this plugin gives to the portal."""

from typing import Any

from cloudstack.plugin import hookimpl


@hookimpl
def register_urls() -> list[Any]:
    from django.urls import path

    from plugins.metrics.prometheus.doors import application, cloud

    return [path("metrics", application, name="metrics"), path("metrics/cloud", cloud, name="metrics-cloud")]


@hookimpl
def register_config_keys() -> list[Any]:
    from plugins.metrics.prometheus import config

    return [config.ENABLED, config.ALLOWED, config.TOKEN, config.INTERVAL_S, config.MOST_SERIES]


@hookimpl
def register_scheduled_jobs() -> list[Any]:
    from cloudstack.plugin.jobs import ScheduledJob
    from plugins.metrics.prometheus.sampling import LIMIT_S, TICK_S, sample

    about = "Reads the figures of the cloud that Prometheus is shown."
    return [ScheduledJob("prometheus.sample", TICK_S, sample, about, LIMIT_S)]


@hookimpl
def register_health_checks() -> list[Any]:
    from cloudstack.plugin.health import HealthCheck
    from plugins.metrics.prometheus.snapshots import trouble

    return [HealthCheck("figures of the cloud", trouble)]


@hookimpl
def register_doctor_checks() -> list[Any]:
    from cloudstack.plugin.doctor import DoctorCheck
    from plugins.metrics.prometheus.retired import doors

    return [DoctorCheck("doors", doors)]

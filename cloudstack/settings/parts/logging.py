"""Structured logs on standard output; who runs the process decides where they go."""

import os
from typing import Any

import structlog


def logging_config() -> dict[str, Any]:
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "logger", "event"]),
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
        "loggers": {
            "django.request": {"level": "ERROR"},
            "amqp": {"level": "WARNING"},
            # At INFO it writes the address of each WebSocket, in which a console's token stands.
            "uvicorn": {"level": "WARNING"},
            "uvicorn.error": {"level": "WARNING"},
        },
    }

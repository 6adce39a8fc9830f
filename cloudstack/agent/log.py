"""One short line for each happening, ``key=value``."""

from __future__ import annotations

import json
import sys
import time


def log(event: str, **facts: object) -> None:
    """Write a line to standard output; facts that are None are left out. Never hand it anything secret."""
    words = [f"{key}={_word(value)}" for key, value in facts.items() if value is not None]
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    sys.stdout.write(" ".join([stamp, f"event={event}", *words]) + "\n")
    sys.stdout.flush()


def _word(value: object) -> str:
    text = str(value)
    # Quoted when it has a space or a line break: one happening stays one line.
    return text if text and text.isprintable() and not set(text) & set(' "=') else json.dumps(text)

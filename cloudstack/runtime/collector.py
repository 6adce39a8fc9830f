"""Python's garbage collector in programs that load much and then run for long."""

import gc

_YOUNG = 20_000
"""New objects before the youngest are looked at. A request or a job makes some thousands that die by themselves."""


def settle() -> None:
    """Take what is loaded by now out of every later collection; call it when a process has started.

    Modules and models stay until the end. Going through them again and again costs a tenth of the time of a request,
    and writes to memory that forked processes share.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)

"""What a worker does until it is killed: one call of the driver, given as a pickle. Run by test_crashes.py."""

import pickle
import sys
import time
from pathlib import Path


class SlowSource:
    """A template that trickles in, so that a copy can be interrupted."""

    def __init__(self, path: str, pause_s: float):
        self.file, self.pause_s = open(path, "rb"), pause_s

    def read(self, size: int = -1) -> bytes:
        time.sleep(self.pause_s)
        return self.file.read(size)


def main() -> None:
    from plugins.hypervisors.kvm.driver import KvmDriver
    from plugins.hypervisors.kvm.storage import DirectoryPoolDriver

    verb, arguments = pickle.loads(Path(sys.argv[1]).read_bytes())
    if verb == "start":
        host, spec = arguments
        KvmDriver(host).start(spec)
    elif verb == "migrate":
        host, spec, target = arguments
        KvmDriver(host).migrate(spec, target)
    elif verb == "cache":
        pool, host, template, path = arguments
        DirectoryPoolDriver(pool, host).cache_template(template, SlowSource(path, 0.01))
    else:
        raise SystemExit(f"unknown verb {verb}")


if __name__ == "__main__":
    main()

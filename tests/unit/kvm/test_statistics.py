"""libvirt's flat records as counters of a machine."""

from plugins.hypervisors.kvm.statistics import vm_statistics

RECORD = {
    "cpu.time": 5_000_000_000,
    "balloon.current": 524_288,
    "balloon.available": 500_000,
    "balloon.usable": 400_000,
    "balloon.unused": 100_000,
    "net.count": 2,
    "net.0.rx.bytes": 10,
    "net.0.tx.bytes": 1,
    "net.1.rx.bytes": 5,
    "net.1.tx.bytes": 2,
    "block.count": 2,
    "block.0.rd.bytes": 100,
    "block.0.wr.bytes": 7,
    "block.1.rd.bytes": 50,
}


def test_counters_are_summed():
    answer = vm_statistics("u", RECORD)
    assert (answer.cpu_time_ns, answer.net_rx_bytes, answer.net_tx_bytes) == (5_000_000_000, 15, 3)
    assert (answer.disk_read_bytes, answer.disk_write_bytes) == (150, 7)


def test_memory_by_the_guests_own_report():
    assert vm_statistics("u", RECORD).memory_used_mib == 100_000 // 1024


def test_memory_without_a_report_is_all_that_was_given():
    assert vm_statistics("u", {"balloon.current": 524_288}).memory_used_mib == 512
    assert vm_statistics("u", {}).memory_used_mib == 0

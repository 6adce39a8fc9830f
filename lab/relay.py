"""Lets a lab host reach a broker on TCP: listens on the host's own loopback, connects from the portal machine.

Run as `python -m lab.relay PORT HOST:PORT NET_FD` by the host's init. A socket stays in the network namespace where it
was made, so the process opens its ear inside the host and then moves to the namespace of `NET_FD`, the machine's own.
"""

from __future__ import annotations

import asyncio
import socket
import sys

from lab import namespaces

CHUNK_BYTES = 65536


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def serve(ear: socket.socket, host: str, port: int) -> None:
    """Pass every connection on until cancelled. One that the broker refuses is closed."""

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(host, port)
        except OSError as error:
            print(f"relay: {host}:{port}: {error}", flush=True)
            writer.close()
            return
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        far_writer.close()
        writer.close()

    async with await asyncio.start_server(passed_on, sock=ear) as server:
        await server.serve_forever()


def main(port: str, target: str, net_fd: str) -> None:
    ear = socket.create_server(("127.0.0.1", int(port)))
    namespaces.enter_net(int(net_fd))
    host, _, far_port = target.rpartition(":")
    asyncio.run(serve(ear, host.strip("[]"), int(far_port)))


if __name__ == "__main__":
    main(*sys.argv[1:])

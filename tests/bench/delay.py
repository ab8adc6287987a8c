"""A UDP and TCP relay that holds every answer back: `python delay.py LISTEN_HOST LISTEN_PORT HOST PORT SECONDS`."""

from __future__ import annotations

import asyncio
import sys
from typing import cast


class _Upstream(asyncio.DatagramProtocol):
    """One client's socket towards the server; its answers go back after the delay."""

    def __init__(self, relay: _Relay, client: tuple[str, int]) -> None:
        self._relay, self._client = relay, client

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asyncio.get_running_loop().call_later(self._relay.delay, self._relay.answer, data, self._client)


class _Relay(asyncio.DatagramProtocol):
    def __init__(self, server: tuple[str, int], delay: float) -> None:
        self._server, self.delay = server, delay
        self._upstreams: dict[tuple[str, int], asyncio.DatagramTransport] = {}
        self._forwarding: set[asyncio.Future[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.ensure_future(self._forward(data, addr))
        self._forwarding.add(task)
        task.add_done_callback(self._forwarding.discard)

    async def _forward(self, data: bytes, client: tuple[str, int]) -> None:
        if client not in self._upstreams:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Upstream(self, client), remote_addr=self._server
            )
            self._upstreams[client] = transport
        self._upstreams[client].sendto(data)

    def answer(self, data: bytes, client: tuple[str, int]) -> None:
        self._transport.sendto(data, client)


async def _tcp(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: tuple[str, int], delay: float
) -> None:
    upstream_reader, upstream_writer = await asyncio.open_connection(*server)
    try:
        while data := await reader.read(65536):
            upstream_writer.write(data)
            answer = await upstream_reader.read(65536)
            await asyncio.sleep(delay)
            writer.write(answer)
    finally:
        upstream_writer.close()
        writer.close()


async def main(host: str, port: int, server: tuple[str, int], delay: float) -> None:
    """Relay until killed; says `ready` once it listens."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: _Relay(server, delay), local_addr=(host, port))
    # a TCP connection costs a round trip of its own before the question's
    await asyncio.start_server(lambda r, w: _tcp(r, w, server, 2 * delay), host, port)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), (sys.argv[3], int(sys.argv[4])), float(sys.argv[5])))

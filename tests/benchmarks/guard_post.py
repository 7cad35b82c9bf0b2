"""A guarded POST against ``requests.post``, each on a fresh connection, over loopback.

Both sides take turns in every run, post the same 2 kB body to the same receiver (a process of its
own), and are compared by the median of the runs. Prints a table and one JSON document; exits 1
below the target.

    python -m tests.benchmarks.guard_post [--runs 7] [--posts 300]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import requests

from distributor.adapters.http import Guard
from tests.listeners.certificates import Authority

TARGET = 0.80
BODY = b"x" * 2000
HEADERS = {"content-type": "application/json"}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def receive(ready: Connection, pem: str) -> None:
    """Answers 200 to whatever comes, until killed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(len(BODY))
            writer.write(ANSWER)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()

    async def serve() -> None:
        if pem:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context, backlog=512)
        else:
            server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


def rate(post: Callable[[], object], posts: int, threads: int) -> float:
    """Posts a second."""
    started = time.perf_counter()
    if threads == 1:
        for _ in range(posts):
            post()
    else:
        with ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(post) for _ in range(posts)]:
                future.result()
    return posts / (time.perf_counter() - started)


def compare(
    guarded: Callable[[], object], bare: Callable[[], object], runs: int, posts: int, threads: int
) -> dict[str, float]:
    """The medians of both sides, and of the runs' ratios; the sides take turns in going first."""
    sides: dict[str, list[float]] = {"guarded": [], "bare": []}
    for run in range(runs + 1):
        order = [("guarded", guarded), ("bare", bare)][:: 1 if run % 2 else -1]
        for name, post in order:
            measured = rate(post, posts, threads)
            if run:  # the first one warms both up
                sides[name].append(measured)
    ratios = [g / b for g, b in zip(sides["guarded"], sides["bare"], strict=True)]
    return {
        "guarded_per_second": round(statistics.median(sides["guarded"]), 1),
        "bare_per_second": round(statistics.median(sides["bare"]), 1),
        "ratio": round(statistics.median(ratios), 3),
        "lowest": round(min(ratios), 3),
        "highest": round(max(ratios), 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--posts", type=int, default=300)
    options = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        authority.context(["127.0.0.1", "localhost"])
        pem = next(str(path) for path in Path(folder).iterdir() if str(path) != authority.ca_file)
        guard = Guard(allow_networks=["127.0.0.0/8"], ca_file=authority.ca_file)
        for scheme, given in (("http", ""), ("https", pem)):
            near, far = multiprocessing.Pipe()
            receiver = multiprocessing.Process(target=receive, args=(far, given), daemon=True)
            receiver.start()
            try:
                url = f"{scheme}://127.0.0.1:{near.recv()}/hook"
                guarded = partial(guard.request, "POST", url, body=BODY, headers=[*HEADERS.items()])
                bare = partial(
                    requests.post,
                    url,
                    data=BODY,
                    headers=HEADERS | {"connection": "close"},
                    timeout=15,
                    verify=authority.ca_file,
                )
                for threads in (1, 16):
                    posts = options.posts if scheme == "http" else max(1, options.posts // 3)
                    results[f"{scheme}, {threads} thread{'s' if threads > 1 else ''}"] = compare(
                        guarded, bare, options.runs, posts, threads
                    )
            finally:
                receiver.kill()
                receiver.join()
    print(f"{'':<20}{'guarded/s':>10}{'bare/s':>10}{'ratio':>8}{'lowest':>8}{'highest':>9}")
    for name, row in results.items():
        print(
            f"{name:<20}{row['guarded_per_second']:>10}{row['bare_per_second']:>10}"
            f"{row['ratio']:>8}{row['lowest']:>8}{row['highest']:>9}"
        )
    passed = all(row["ratio"] >= TARGET for row in results.values())
    print(json.dumps({"benchmark": "guard_post", "target": TARGET, "passed": passed, **results}))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

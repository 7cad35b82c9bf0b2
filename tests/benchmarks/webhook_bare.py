"""The guarded client alone, for ``tests.benchmarks.webhooks``: threads that sign and post.

It posts so many bodies of 2 kB for each line on standard input, and says so by a line.
"""

from __future__ import annotations

import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from distributor.adapters.http import Guard
from distributor.channels import webhooks
from distributor.channels.webhooks.signing import new_secret

BODY = webhooks.Body("application/json", b'{"text": "%s"}' % (b"x" * 1985))


def main() -> None:
    port, count, threads = map(int, sys.argv[1:])
    guard = Guard(allow_networks=["127.0.0.0/8"], site_url="http://127.0.0.1:8000")
    secret = new_secret()
    urls = [f"http://127.0.0.1:{port}/{number}" for number in range(count)]
    targets = [
        webhooks.Target(id=number, url=url, format="standard", secrets=(secret,))
        for number, url in enumerate(urls)
    ]

    def post(target: webhooks.Target) -> None:
        ident, now = f"msg_{uuid.uuid4().hex}", int(time.time())
        webhooks.post(guard, target, BODY, webhook_id=ident, timestamp=now)

    print("ready", flush=True)
    with ThreadPoolExecutor(threads) as pool:
        for _ in sys.stdin:
            for _ in pool.map(post, targets):
                pass
            print("done", flush=True)


if __name__ == "__main__":
    main()

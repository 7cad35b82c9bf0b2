"""``python -m tests.simulation SEED`` tells the story of one seed; ``FIRST-LAST`` runs many."""

from __future__ import annotations

import os
import sys
import time
import traceback

from tests.simulation import promises, story


def main() -> int:
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets is part of a story.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    first, _, last = sys.argv[1].partition("-")
    seeds = range(int(first), int(last or first) + 1)
    story.prepared()
    begun, steps, doubled, broken = time.process_time(), 0, 0, []
    for seed in seeds:
        told = story.Story(seed, aloud=len(seeds) == 1)
        try:
            told.run()
            wrong = promises.broken(told)
        except Exception:
            wrong = [traceback.format_exc()]
        steps += told.world.steps
        doubled += sum(times > 1 for times in told.wire.had.values())
        if wrong:
            broken.append(seed)
            print(f"seed {seed}:", *wrong, sep="\n    ", flush=True)
    took = time.process_time() - begun
    print(f"{len(seeds)} seeds, {steps} steps, {doubled} excused doubles, {took:.1f} s of CPU")
    if broken:
        print(f"broken: {broken}; see python -m tests.simulation {broken[0]}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

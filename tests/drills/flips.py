"""The flip drill: random single bits, each flipped in an export of its own; every one must be noticed.

    python -m tests.drills.flips [--count 10000] [--seed 7] [--entries 2000]

Only the file with the flipped bit is written, and put back after. Files are chosen by
their size, or in turn with `--every-file`. Exit 0, or 1 with the flips that went unnoticed.
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path


def drill(count: int, seed: int, entries: int, *, every_file: bool = False) -> list[str]:
    """Flip so many bits, one after the other; returns those that were not noticed."""
    from audit.offline import verify
    from tests.audit import made

    dice, missed = random.Random(seed), list[str]()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made.write(folder, made.numbered(made.entries(entries)))
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        kept = {path: path.read_bytes() for path in paths}
        sizes = [len(kept[path]) for path in paths]
        assert verify.check(folder, made.VKEY).faults == []
        for number in range(count):
            path = paths[number % len(paths)] if every_file else dice.choices(paths, sizes)[0]
            damaged = bytearray(kept[path])
            at, bit = dice.randrange(len(damaged)), dice.randrange(8)
            damaged[at] ^= 1 << bit
            path.write_bytes(damaged)
            if not verify.check(folder, made.VKEY).faults:
                missed.append(f"{path.relative_to(folder)} byte {at} bit {bit}")
            path.write_bytes(kept[path])
    return missed


def main() -> int:
    """Run the drill from the command line."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ.setdefault("ATTESTRY_DATA_DIR", tempfile.mkdtemp())
    django.setup()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--entries", type=int, default=2000)
    parser.add_argument("--every-file", action="store_true")
    asked = parser.parse_args()
    missed = drill(asked.count, asked.seed, asked.entries, every_file=asked.every_file)
    print(f"{asked.count} flips, {len(missed)} unnoticed", *missed, sep="\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

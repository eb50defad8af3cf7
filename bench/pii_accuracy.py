"""How often columns are named rightly, on labelled tables of our own making: `python -m bench.pii_accuracy --write`.

Sixty columns of every class and look-alikes beside them, from a fixed seed (`bench/labelled/`), go through the code
of a scan. Precision and recall are of columns by their first entity, with Wilson intervals at 95 %. What was set
apart while the rules were written is told apart. The page says which rules and columns it speaks of; a test
holds it to that. `--columns 6` is a quick look.
"""

import argparse
import hashlib
import random
import string
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from bench.labelled import numbers
from bench.labelled.columns import Labelled, columns
from governance.pii import examine, headers, national, rules
from governance.pii.columns import Cells, Column
from governance.pii.statistics import wilson

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "pii-accuracy.md"
JUDGES = (
    "checksums.py", "credentials.py", "evidence.py", "family_names.txt", "given_names.txt", "headers.py", "marks.py",
    "names.py", "national.py", "patterns.py", "presidio.py", "recognisers.py", "rules.py", "shapes.py",
    "sieve.py", "sight.py",
)  # fmt: skip
SEED, EACH, VALID = "2026-11", 60, 1000
BATCH = 400


def digest() -> str:
    """What the page speaks of: the rules that judge, and the columns they were tried on."""
    seal = hashlib.sha256()
    for path in (*(ROOT / "governance/pii" / name for name in JUDGES), *sorted((ROOT / "bench/labelled").glob("*.py"))):
        seal.update(path.name.encode() + path.read_bytes())
    return seal.hexdigest()


def verdicts(made: Sequence[Labelled]) -> Iterator[rules.Verdict]:
    """What a scan says of each column."""
    for start in range(0, len(made), BATCH):
        table = examine.Table({}, 0, {})
        for at, one in enumerate(made[start : start + BATCH]):
            column = Column(one.header, b"seed", 65_536, headers.meanings(one.header), headers.names_people(one.header))
            values = pa.array([value.encode() for value in one.values], pa.binary())
            column.add(Cells(one.header, len(one.values), values))
            table.columns[str(at)] = column
        examine.sift(table)
        yield from examine.look(table)


@dataclass
class Tally:
    """Columns by class: how many there are, were found, were wrongly taken for it."""

    columns: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    odd: list[tuple[Labelled, str]] = field(default_factory=list)

    def add(self, one: Labelled, verdict: rules.Verdict) -> None:
        got = verdict.found[0].type if verdict.found else ""
        self.columns[one.label] += 1
        if got == one.label:
            self.found[one.label] += 1
        else:
            self.wrong[got] += 1
            self.odd.append((one, got))


def measure(made: Sequence[Labelled]) -> tuple[Tally, Tally]:
    """All columns, and those that were held out."""
    whole, held = Tally(), Tally()
    for one, verdict in zip(made, verdicts(made), strict=True):
        whole.add(one, verdict)
        if one.held_out:
            held.add(one, verdict)
    return whole, held


def share(part: int, of: int) -> str:
    if not of:
        return "–"
    low, high = wilson(part, of)
    return f"{part / of:.3f} ({low:.3f}–{high:.3f})"


def classes(whole: Tally, held: Tally) -> Iterator[str]:
    yield "| class | columns | precision | recall | held out: columns | recall |\n|---|---|---|---|---|---|"
    for name in [label for label in whole.columns if label]:
        found = whole.found[name]
        precision = share(found, found + whole.wrong[name])
        apart = f"{held.columns[name]} | {share(held.found[name], held.columns[name])}"
        yield f"| {name} | {whole.columns[name]} | {precision} | {share(found, whole.columns[name])} | {apart} |"


def kinds(each: int) -> Iterator[str]:
    """National numbers one by one: valid ones that pass, and numbers drawn at random that do."""
    yield "| kind | valid numbers | recognised | random numbers | that pass | bound |\n|---|---|---|---|---|---|"
    for entity, makers in numbers.NATIONAL.items():
        draw, kind = random.Random(entity), national.KINDS[entity]
        valid = [makers[at % len(makers)](draw) for at in range(each)]
        right = sum(recognised(kind, value) for value in valid)
        digits = [shuffled(draw, value) for value in valid]
        shaped = [value for value in digits if kind.pattern.fullmatch(value)]
        luck = sum(kind.passes(value) for value in shaped)
        passing = f"{len(shaped)} | {share(luck, len(shaped))} | {kind.base}"
        yield f"| {entity} | {len(valid)} | {share(right, len(valid))} | {passing} |"


def recognised(kind: national.Kind, value: str) -> bool:
    return kind in national.kinds_for(value) and any(kind.passes(seen.group()) for seen in kind.pattern.finditer(value))


def shuffled(draw: random.Random, value: str) -> str:
    """The same layout with every digit and letter drawn anew."""
    return "".join(
        draw.choice(string.digits)
        if each.isdigit()
        else draw.choice(string.ascii_uppercase)
        if each.isalpha()
        else each
        for each in value
    )


TOP = """# How often columns are named rightly

Made by `python -m bench.pii_accuracy --write`; a test says when it is out of step with the rules.

{all} columns of 30 to 90 values drawn from a fixed seed, {classes} classes, headers in English, Spanish and
Portuguese, good ones and ones that say nothing (`col_7`), with blanks, padding, typos and mixed formats. A column
counts as found when its first entity is its class. Intervals are Wilson's at 95 %. *Held out* are formats and spellings
that were set apart while the rules were written. Misses among them were looked at and mended afterwards, so they say
less than tables that nobody here has seen.
Dates of birth, bank accounts, passports, licences, passwords and numbers without a check digit have a header that names
them: no value tells them apart.

These are columns of our own making: they say how the rules do on what we could think of, not on your data.
"""
ALIKE = """
## What only looks like it
{columns} columns of {kinds} kinds (codes such as `SCN-125`, academic years, epoch times, counters, order numbers,
versions, UUIDs, hashes, prices, coordinates, products, firms, places): {flagged} flagged, a share of {share}.

## What went wrong"""
NUMBERS = """
## National numbers
Valid numbers, formatted and bare, against the rule of each kind; and numbers of the same layout with every digit and
letter drawn anew, of which fewer may pass than the bound that the verdict on a column reckons with.
"""


def page(each: int) -> str:
    made = list(columns(SEED, each))
    whole, held = measure(made)
    harmless, flagged = whole.columns[""], whole.columns[""] - whole.found[""]
    wrong = Counter(f"{one.kind or one.label} → {got or 'nothing'}" for one, got in whole.odd)
    alike = {"columns": harmless, "flagged": flagged, "share": share(flagged, harmless)}
    return "\n".join([
        TOP.format(all=len(made), classes=len(whole.columns) - 1), *classes(whole, held),
        ALIKE.format(kinds=len({one.kind for one in made if one.kind}), **alike),
        *([f"- {words}: {count}" for words, count in wrong.most_common()] or ["Nothing."]),
        NUMBERS, *kinds(VALID), "", f"Rules and columns: `sha256:{digest()}`", "",
    ])  # fmt: skip


def spoken(odd: Iterable[tuple[Labelled, str]]) -> Iterator[str]:
    for one, got in odd:
        values = [value for value in one.values if value.strip()][:3]
        yield f"{one.kind or one.label} as {got or 'nothing'} under {one.header!r}: {values}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", action="store_true", help="write docs/pii-accuracy.md")
    arguments.add_argument("--columns", type=int, default=EACH, help="columns of each class")
    arguments.add_argument("--seed", default=SEED)
    chosen = arguments.parse_args()
    if chosen.write:
        PAGE.write_text(page(EACH))
        return
    whole, held = measure(list(columns(chosen.seed, chosen.columns)))
    print("\n".join([*classes(whole, held), *spoken(whole.odd)]))


if __name__ == "__main__":
    main()

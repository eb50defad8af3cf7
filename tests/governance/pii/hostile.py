"""Files made to harm whoever reads them: small ones that grow, long ones that do not end, broken ones."""

import gzip
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import feather

MEGABYTE = 1024 * 1024


def parquet_bomb(path: Path) -> None:
    """Less than a thousand bytes that are 2 GB of text: one value of 10 KB, 200,000 times."""
    cells = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["x" * 10_000]))
    table = pa.table({"a": cells}).replace_schema_metadata(None)
    plain = pa.schema([("a", pa.string())])
    with pq.ParquetWriter(path, plain, compression="zstd", write_statistics=False, store_schema=False) as out:
        for _ in range(2):
            out.write_table(table.cast(plain), row_group_size=100_000)


def dictionary_bomb(path: Path) -> None:
    """A dictionary of 64 values of 8 MB each, which its compression makes small, over a few rows."""
    words = pa.array([f"{at:02}" + "y" * (8 * MEGABYTE) for at in range(64)])
    with pq.ParquetWriter(path, pa.schema([("a", pa.string())]), compression="zstd", write_statistics=False) as out:
        out.write_table(pa.table({"a": words}))


def gzip_bomb(path: Path) -> None:
    """One gigabyte of the same line in a few megabytes."""
    part = gzip.compress(b"id,note\n" + b"7,all well\n" * 100_000)
    path.write_bytes(part * 1000)


def long_line(path: Path) -> None:
    """One line of 50 MB."""
    path.write_bytes(b"a,b\n1,2\n" + b"x" * (50 * MEGABYTE) + b",2\n")


def long_json_line(path: Path) -> None:
    """A JSON line of 50 MB among good ones."""
    path.write_bytes(b'{"a": 1}\n{"a": "' + b"x" * (50 * MEGABYTE) + b'"}\n{"a": 2}\n')


def ragged(path: Path) -> None:
    """Rows of every length."""
    dice = random.Random(7)
    path.write_text("a,b,c\n" + "".join(",".join(["1"] * dice.randint(1, 9)) + "\n" for _ in range(20_000)))


def million_columns(path: Path) -> None:
    """A CSV with 1,000,000 columns and three rows."""
    row = ",".join(["1"] * 1_000_000)
    path.write_text(",".join(f"c{at}" for at in range(1_000_000)) + f"\n{row}\n{row}\n{row}\n")


def million_keys(path: Path) -> None:
    """JSON lines with 1,000,000 different keys."""
    lines = (
        "{" + ",".join(f'"k{at}":1' for at in range(start, start + 1000)) + "}\n" for start in range(0, 10**6, 1000)
    )
    path.write_text("".join(lines))


def _wide() -> pa.Table:
    return pa.table([pa.array(["v"])] * 100_000, names=[f"c{at}" for at in range(100_000)])


def wide_parquet(path: Path) -> None:
    """A Parquet file with 100,000 columns."""
    pq.write_table(_wide(), path)


def wide_arrow(path: Path) -> None:
    """An Arrow file with 100,000 columns."""
    feather.write_feather(_wide(), path, compression="uncompressed")


def braces(path: Path) -> None:
    """JSON lines of little but brackets, each of which becomes an object many times its size."""
    path.write_text(("[" + ",".join(["{}"] * 1_300_000) + "]\n") * 8)


def long_cells(path: Path) -> None:
    """Cells of 1 MB, each another."""
    path.write_text("note\n" + "".join(f"{at}" + "z" * MEGABYTE + "\n" for at in range(60)))


def truncated(path: Path) -> None:
    """The first half of a Parquet file."""
    _plain(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _plain(path: Path) -> None:
    pq.write_table(pa.table({"a": [f"value {at}" for at in range(50_000)]}), path, row_group_size=5_000)


def flipped(path: Path, seed: int) -> int:
    """A Parquet file with 20 bits flipped somewhere; returns how many rows it had."""
    dice = random.Random(seed)
    _plain(path)
    whole = bytearray(path.read_bytes())
    for _ in range(20):
        whole[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
    path.write_bytes(whole)
    return 50_000


def dots(path: Path) -> None:
    """Cells of 8 KB of dots and letters, which Presidio's expressions take seconds for each."""
    path.write_text("note\n" + ("a." * 4096 + "@\n") * 20)

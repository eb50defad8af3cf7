"""What every command shares: where the data is, loading Django, and saying things on the right stream."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="The data directory (ATTESTRY_DATA_DIR, else ./attestry-data).")
]


def tell(words: str) -> None:
    """Say something to whoever runs the command."""
    print(words, file=sys.stderr)


def show(data: Any, *, as_json: bool, words: str) -> None:
    """Print `data` as JSON when that was asked for, else `words`."""
    print(json.dumps(data, ensure_ascii=False) if as_json else words)


def server(data_dir: Path | None) -> None:
    """Load Django over an existing data directory."""
    from portal import datadir

    os.umask(0o077)
    datadir.existing(data_dir)
    load_django()


def load_django() -> None:
    """Load Django with the portal's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()

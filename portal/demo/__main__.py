"""`python -m portal.demo`: play the demo against the running portal, as `attestry up --demo` does.

`ATTESTRY_DEMO` names a file only we can read: where the portal and MLflow are, the folder for the tables, and the
players' names, passwords and tokens.
"""

import json
import os
import sys
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from portal.demo.client import Portal, Said, wait
from portal.demo.story import Cast, Officer, play


def cast() -> Cast:
    """The players, as the server left them for us."""
    told: dict[str, Any] = json.loads(Path(os.environ["ATTESTRY_DEMO"]).read_text())
    url, people = told["url"].rstrip("/"), told["people"]
    engineer = people["engineer"]
    officers = (people["officer_one"], people["officer_two"])
    return Cast(
        engineer=Portal(url, engineer["token"]),
        officers=tuple(Officer(p["id"], p["name"], Portal(url, p["token"]), p["password"]) for p in officers),
        name=engineer["name"],
        author=engineer["email"],
        pipeline_token=told["ingest"],
        tracking_uri=told["registry"],
        folder=Path(told["folder"]),
    )


def healthy(registry: str) -> bool:
    """Whether MLflow answers."""
    try:
        with urlopen(f"{registry}/health", timeout=5) as answer:  # noqa: S310 - our own child
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False


def main() -> int:
    """Play, with the seconds before each sentence; 0 when the story is told, 1 with why not."""
    begun = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - begun:5.1f} s  {words}", flush=True)

    try:
        players = cast()
        wait(lambda: healthy(players.tracking_uri), "MLflow to start")
        play(players, say)
    except (Said, TimeoutError, OSError, KeyError) as problem:
        say(f"The demo stopped: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

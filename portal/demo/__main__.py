"""`python -m portal.demo`: play the demo against the running portal, as `attestry up --demo` does.

`ATTESTRY_DEMO` names a file only we can read: where the portal and MLflow are, the folder for the tables, and the
players' names, passwords and tokens.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from portal.demo.client import Portal, Said
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


def main() -> int:
    """Play, with the seconds before each sentence; 0 when the story is told, 1 with why not."""
    begun = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - begun:5.1f} s  {words}", flush=True)

    try:
        play(cast(), say)
    except (Said, TimeoutError, OSError, KeyError) as problem:
        say(f"The demo stopped: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What docs/registries.md shows must work as shown."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from governance.registries import folder, rules

PAGE = Path(__file__).resolve().parents[3] / "docs" / "registries.md"


def test_the_recipe_for_the_digest_gives_our_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "model"
    (model / "weights").mkdir(parents=True)
    (model / "weights" / "ñ.bin").write_bytes(b"abc")
    (model / "MLmodel").write_text("flavors: {}\n")
    (model / "weights.txt").write_text("sorts before the folder of that name")
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert code is not None
    monkeypatch.chdir(tmp_path)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(code.group(1), {})
    assert said.getvalue().strip() == rules.manifest_digest(folder.manifest(model))


def test_what_runs_when_is_what_the_clock_says() -> None:
    from portal.celery import CLOCK

    text = PAGE.read_text()
    assert f"| `registries.watch` | {CLOCK['registries.rounds'][0]} s |" in text
    assert f"| `registries.sync` | {CLOCK['registries.resync'][0]} s," in text
    assert CLOCK["registries.recheck"] == (3600, "registries.recheck")

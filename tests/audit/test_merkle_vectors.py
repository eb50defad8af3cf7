"""The published RFC 6962 vectors, where they lie beside the project (`ATTESTRY_VECTORS` names another place).

Both routines reject a tree of size zero, as the vectors' own authors do.
"""

import json
import os
from base64 import b64decode
from pathlib import Path

import pytest

from audit.merkle import consistent, included

BESIDE = Path(__file__).resolve().parents[2]
PLACES = [Path(os.environ.get("ATTESTRY_VECTORS", "/nonexistent")), BESIDE.parent / "shared/vectors/merkle"]
VECTORS = next((each for each in [*PLACES, BESIDE.parents[1] / "shared/vectors/merkle"] if each.is_dir()), None)

pytestmark = pytest.mark.skipif(VECTORS is None, reason="the published merkle vectors are not beside the project")


def cases(kind: str) -> list[Path]:
    return sorted((VECTORS / kind).rglob("*.json")) if VECTORS else []


def unpack(proof: list[str] | None) -> list[bytes]:
    return [b64decode(each) for each in proof or []]


@pytest.mark.parametrize("path", cases("inclusion"), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_inclusion_agrees_with_the_published_vector(path: Path) -> None:
    case = json.loads(path.read_bytes())
    leaf, root = b64decode(case["leafHash"] or ""), b64decode(case["root"] or "")
    right = included(leaf, case["leafIdx"], case["treeSize"], unpack(case["proof"]), root)
    assert right is not case["wantErr"]


@pytest.mark.parametrize("path", cases("consistency"), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_consistency_agrees_with_the_published_vector(path: Path) -> None:
    case = json.loads(path.read_bytes())
    old_root, root = b64decode(case["root1"] or ""), b64decode(case["root2"] or "")
    right = consistent(case["size1"], case["size2"], unpack(case["proof"]), old_root, root)
    assert right is not case["wantErr"]


def test_all_196_vectors_were_found() -> None:
    assert len(cases("inclusion")) + len(cases("consistency")) == 196

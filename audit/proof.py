"""The proof of one entry as a file: C2SP tlog-proof, plain text that anybody can check against the checkpoint in it.

c2sp.org/tlog-proof@v1
index <seq>
<hash in base64>, one per line, the leaf's sibling first

<checkpoint, as it was signed>
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence

from audit.checkpoint import Vkey, verify
from audit.merkle import included, leaf_hash
from audit.refusals import Refused

HEADER = "c2sp.org/tlog-proof@v1"


def write(seq: int, hashes: Sequence[bytes], note: str) -> str:
    """The proof of the entry numbered `seq` under the checkpoint `note`."""
    lines = [HEADER, f"index {seq}", *(b64encode(each).decode() for each in hashes)]
    return "\n".join(lines) + f"\n\n{note}"


def holds(text: str, leaf: bytes, vkey: Vkey) -> bool:
    """Whether `text` proves that these leaf bytes stand in the log that `vkey` signs."""
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    try:
        seq = int(lines[1].removeprefix("index "))
        hashes = [b64decode(each, validate=True) for each in lines[2:]]
        checkpoint = verify(note, vkey)
    except (ValueError, IndexError, Refused):
        return False
    return lines[0] == HEADER and included(leaf_hash(leaf), seq, checkpoint.size, hashes, checkpoint.root)

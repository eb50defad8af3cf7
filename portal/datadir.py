"""The data directory: private, with the keys in it, and one `attestry up` at a time. Needs no Django."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Unfit(Exception):
    """The data directory cannot be used; the message is a sentence that says what to do."""


def locate(given: Path | None = None) -> Path:
    """Settle on the data directory for this process and all it starts: `given`, ATTESTRY_DATA_DIR, ./attestry-data."""
    path = Path(given or os.environ.get("ATTESTRY_DATA_DIR") or "attestry-data").expanduser().resolve()
    os.environ["ATTESTRY_DATA_DIR"] = str(path)
    return path


def existing(given: Path | None = None) -> Path:
    """Settle on a data directory that was made before; refused where there is none."""
    path = locate(given)
    if not path.is_dir():
        raise Unfit(
            f"There is no data directory at {path}. Name another with --data-dir, or make it: attestry migrate."
        )
    return path


def make(path: Path) -> None:
    """Make the directory and the secret key where they are missing, readable by their owner alone."""
    make_place(path)
    make_key(Path(os.environ.get("ATTESTRY_SECRET_KEY_FILE") or path / "secret.key"))


def make_place(path: Path) -> None:
    """Make the directory where it is missing, and close it to everybody but its owner."""
    os.umask(0o077)
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o700)
    except (FileExistsError, NotADirectoryError) as error:
        raise Unfit(f"{path} is a file; the data directory must be a folder.") from error
    except PermissionError as error:
        raise Unfit(
            f"The data directory {path} belongs to somebody else, or its parent may not be written to."
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise Unfit(f"The data directory {path} may not be written to.")


def make_key(path: Path) -> None:
    """Make the key that signs sessions, unless it is there; of two that try, the first wins."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    if path.exists():
        return
    write_private(draft, secrets.token_urlsafe(50) + "\n")
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def write_private(path: Path, text: str) -> None:
    """Write `text` to a file that only its owner may read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the directory for one `attestry up`; refused while another holds it. The kernel lets go of the dead."""
    handle = os.open(path / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            raise Unfit(
                f"Attestry is running on {path} already (process {other}). "
                "Stop it first, or give this one its own directory with --data-dir."
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)

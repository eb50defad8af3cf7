"""Real producers, each in a virtual environment of its own, made where it is missing."""

import subprocess
import sys
from pathlib import Path

CLIENTS: dict[str, tuple[str, ...]] = {
    "python": ("openlineage-python==1.54.0",),
    # dbt-core 1.12 asks for a parser that is built from what it fetches by itself
    "dbt": ("openlineage-dbt==1.54.0", "dbt-duckdb==1.11.1", "dbt-core<1.12"),
    "airflow": ("apache-airflow==3.3.2", "apache-airflow-providers-openlineage==2.20.3"),
    "hamilton": ("sf-hamilton[openlineage]==1.90.0", "pandas"),
    "feast": ("feast[openlineage]==0.67.0", "grpcio", "grpcio-reflection", "grpcio-health-checking"),
    "sqlmesh": ("sqlmesh-openlineage==0.1.0",),
}
"""What is installed for each; pip takes it from wherever it is set up to."""


def installed(name: str, folder: Path) -> Path:
    """Return the `bin` of a client's environment in `folder`; made, or made again when what it needs has changed."""
    place, wanted = folder / name, "\n".join(CLIENTS[name])
    stamp = place / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *CLIENTS[name]], check=True)
        stamp.write_text(wanted)
    return place / "bin"


def versions(name: str, folder: Path, *packages: str) -> str:
    """Return which versions of some packages a client's environment has."""
    code = "import sys; from importlib.metadata import version; print(*(f'{n} {version(n)}' for n in sys.argv[1:]))"
    done = subprocess.run(
        [str(folder / name / "bin" / "python"), "-c", code, *packages], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()

"""A pytest plugin loaded before Django's settings: a data directory for the run, and the services tests need."""

import os
import tempfile

os.environ["ATTESTRY_DATA_DIR"] = tempfile.mkdtemp(prefix="attestry-tests-")
os.environ.setdefault("ATTESTRY_BASE_URL", "http://127.0.0.1:8000")
os.environ["ATTESTRY_LOG_LEVEL"] = "WARNING"

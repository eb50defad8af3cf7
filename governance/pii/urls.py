from typing import Any

api: list[Any] = []
pages: list[Any] = []

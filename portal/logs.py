"""Log lines as JSON, one object a line, so that nothing in a value can forge a line."""

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def _without_arguments(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("color_message", None)
    return event


class Line(structlog.stdlib.ProcessorFormatter):
    """Formats every record, ours and the libraries', as one JSON line."""

    def __init__(self) -> None:
        """Set the processors; takes no settings."""
        super().__init__(
            foreign_pre_chain=[*_SHARED, _without_arguments],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )


logging.captureWarnings(capture=True)

"""The ways Attestry says no.

A refusal is a stable code and the parameters its sentence needs; `portal.sentences` turns it into words in the
reader's language and `portal.errors` into an HTTP status. This module imports nothing, so that rules may use it.
"""


class Refused(Exception):
    """A no with a reason: `code` is for machines and stays stable, `params` fill the sentence people read."""

    def __init__(self, code: str, **params: object) -> None:
        """Remember the code and what the sentence needs; values must be safe to show and to log."""
        super().__init__(code)
        self.code = code
        self.params = params


class Malformed(Refused):
    """The request could not be understood."""


class NotSignedIn(Refused):
    """Nobody, or nobody we can recognise, is asking."""


class Forbidden(Refused):
    """They may see it, but may not do this."""


class NotSeen(Refused):
    """It does not exist, or not for them: the two are the same answer."""


class Conflict(Refused):
    """It moved since they looked, or it was done already."""


class Invalid(Refused):
    """Understood, and against the rules."""


class Unavailable(Refused):
    """Not now: something this needs is away."""

"""What makes two names given from outside the same."""

from audit.refusals import Invalid

LONGEST = 200


def key(name: str) -> str:
    """Return what a name is compared by: without case, and of `Ada <ada@example.org>` the address alone."""
    text = " ".join(name.split()).casefold()
    before, bracket, address = text.removesuffix(">").rpartition("<")
    return address.strip() or before.strip() if bracket and text.endswith(">") else text


def clean(name: str) -> str:
    """Return a name as it is kept. Refused when it is empty, too long, or holds what cannot be printed."""
    text = " ".join(name.split())
    if not key(text) or len(text) > LONGEST or len(key(text)) > LONGEST or not text.isprintable():
        raise Invalid("identities.name", most=LONGEST)
    return text

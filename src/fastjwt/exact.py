"""Bytes and text as they are, whatever a subclass of theirs says of itself.

A length that is checked must be the length of what is stored, and both JSON readers must see the same: so what comes
from a caller is taken once, through `bytes` and `str` themselves.
"""

from __future__ import annotations

from typing import Any

__all__ = ["exact_bytes", "exact_str", "exact_value"]


def exact_bytes(octets: bytes) -> bytes:
    """Return the octets of an instance of bytes or of a subclass, as bytes proper."""
    return octets if type(octets) is bytes else bytes.__getitem__(octets, slice(None))


def exact_str(text: str) -> str:
    """Return the characters of an instance of str or of a subclass, as a str proper."""
    return text if type(text) is str else str.__str__(text)


def exact_value(value: Any) -> Any:
    """Return a str as `exact_str` does, also inside of a list; anything else as it is."""
    if isinstance(value, str):
        return exact_str(value)
    if isinstance(value, list):
        return [exact_str(item) if isinstance(item, str) else item for item in list.__iter__(value)]
    return value

"""What verifying many tokens, or one token completely, hands back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, overload

from .errors import InvalidTokenError
from .keys import HMACKey, RSAPublicKey

__all__ = ["BatchResult", "TokenResult", "Verified"]


class Verified(NamedTuple):
    """A good token with all that is known of it."""

    header: dict[str, Any]
    claims: dict[str, Any]
    key: RSAPublicKey | HMACKey  # the one that verified it

    def __repr__(self) -> str:  # claims are somebody's data, and results end up in logs
        return f"<Verified by {self.key!r}>"


class TokenResult:
    """What became of one token of a batch or stream: claims, or the error that `verify` would have raised."""

    __slots__ = ("claims", "error", "index")

    def __init__(self, index: int, claims: dict[str, Any] | None, error: InvalidTokenError | None) -> None:
        self.index = index
        self.claims = claims
        self.error = error

    @property
    def ok(self) -> bool:
        """Whether the token is good."""
        return self.error is None

    def __bool__(self) -> bool:
        return self.error is None

    def __repr__(self) -> str:
        outcome = "ok" if self.error is None else self.error.code
        return f"<TokenResult {self.index} {outcome}>"


class BatchResult:
    """What became of each token of a batch, in input order.

    `claims[i]` is the claims of token i, or None; `errors[i]` the error of token i, for bad ones only; `ok[i]` whether
    token i is good.  Indexing and iterating give a `TokenResult` for each token.
    """

    __slots__ = ("claims", "errors")

    claims: list[dict[str, Any] | None]
    errors: dict[int, InvalidTokenError]

    def __init__(self, claims: list[dict[str, Any] | None], errors: Mapping[int, InvalidTokenError]) -> None:
        self.claims = claims
        self.errors = dict(errors)

    @property
    def ok(self) -> list[bool]:
        """One truth value for each token."""
        return [claims is not None for claims in self.claims]

    @property
    def valid(self) -> list[TokenResult]:
        """The results of the good tokens."""
        return [result for result in self if result]

    @property
    def invalid(self) -> list[TokenResult]:
        """The results of the bad tokens."""
        return [TokenResult(index, None, error) for index, error in sorted(self.errors.items())]

    def __len__(self) -> int:
        return len(self.claims)

    def __iter__(self) -> Iterator[TokenResult]:
        errors = self.errors
        for index, claims in enumerate(self.claims):
            yield TokenResult(index, claims, None if claims is not None else errors[index])

    @overload
    def __getitem__(self, index: int) -> TokenResult: ...
    @overload
    def __getitem__(self, index: slice) -> list[TokenResult]: ...
    def __getitem__(self, index: int | slice) -> TokenResult | list[TokenResult]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]  # negative ones count from the end, IndexError beyond
        return TokenResult(number, self.claims[number], self.errors.get(number))

    def __repr__(self) -> str:
        return f"<BatchResult of {len(self)} tokens, {len(self.errors)} invalid>"

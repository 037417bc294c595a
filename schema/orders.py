"""What an order's field says of itself, for those who must know before it runs."""

from collections.abc import Mapping
from types import MappingProxyType

#: The metadata of an order that guesses, hashes or sends: an operation holds one of them at the most.
ON_AN_ACCOUNT: Mapping[str, bool] = MappingProxyType({"homeroom.account_order": True})

"""Finding rows by a piece of text: indexes that each database really uses, and the lookups that use them."""

from cloudstack.framework.search.indexes import BeginsIndex, ContainsIndex, text_indexes
from cloudstack.framework.search.lookups import in_order, longest_compared, same_text

__all__ = ["BeginsIndex", "ContainsIndex", "in_order", "longest_compared", "same_text", "text_indexes"]

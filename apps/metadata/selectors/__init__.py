"""Reads of what is attached."""

from apps.metadata.selectors.tags import tagged, tags_of, tags_visible_to

__all__ = ["tagged", "tags_of", "tags_visible_to"]

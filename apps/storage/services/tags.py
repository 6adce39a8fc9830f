"""Storage tags: which offerings go on which pools."""

import re

from cloudstack.framework.errors import InvalidParameter


def clean_tags(text: str, *, parameter: str = "tags") -> str:
    """A comma list as it is stored: without blanks, sorted, each once. Raises ``InvalidParameter``."""
    tags = sorted({tag.strip() for tag in text.split(",") if tag.strip()})
    wrong = [tag for tag in tags if not re.fullmatch(r"[\w.:-]{1,64}", tag)]
    if wrong:
        raise InvalidParameter(
            f"tag {wrong[0]!r} is not possible: letters, digits and . : _ - only, at most 64", parameter=parameter
        )
    joined = ",".join(tags)
    if len(joined) > 1024:
        raise InvalidParameter("these are too many tags: together they have at most 1024 letters", parameter=parameter)
    return joined

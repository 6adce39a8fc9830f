"""The answer of a scrape, as tests look at it."""

from functools import cached_property

from prometheus_client.parser import text_string_to_metric_families

TOKEN = "a-token-of-the-tests"


class Figures:
    """What stood in a scrape."""

    def __init__(self, text: str):
        self.text = text

    @cached_property
    def _found(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        found: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    @property
    def names(self) -> set[str]:
        return set(self._found)

    def of(self, name: str, /, **labels: str) -> list[tuple[dict[str, str], float]]:
        """All figures of a name that have these labels."""
        return [(given, value) for given, value in self._found.get(name, []) if labels.items() <= given.items()]

    def one(self, name: str, /, **labels: str) -> float:
        """The only figure of a name that has these labels."""
        found = self.of(name, **labels)
        assert len(found) == 1, f"{name}{labels}: {found or sorted(self._found)}"
        return found[0][1]

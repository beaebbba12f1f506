"""Mann and Whitney's test: do two sets of times come from the same distribution?"""

from collections.abc import Sequence
from itertools import groupby
from math import erfc, sqrt


def two_sided_p(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how probable ranks as unequal as these are by chance; the normal approximation, ties accounted for."""
    marked = sorted([(value, True) for value in first] + [(value, False) for value in second])
    count, other = len(first), len(second)
    rank_sum, ties, place = 0.0, 0, 0
    for _, group in groupby(marked, key=lambda one: one[0]):
        same = list(group)
        rank_sum += sum(is_first for _, is_first in same) * (place + (len(same) + 1) / 2)
        ties += len(same) ** 3 - len(same)
        place += len(same)
    total = count + other
    expected = count * other / 2
    spread = count * other / 12 * ((total + 1) - ties / (total * (total - 1)))
    if spread <= 0:
        return 1.0
    distance = abs(rank_sum - count * (count + 1) / 2 - expected)
    # Half a rank less, because ranks are whole.
    return min(1.0, erfc(max(0.0, distance - 0.5) / sqrt(spread) / sqrt(2)))

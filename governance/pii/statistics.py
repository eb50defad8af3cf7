"""The statistics behind a verdict: intervals, bounds and checksum base rates."""

import math

Z95 = 1.959963984540054


def wilson(hits: int, seen: int, z: float = Z95) -> tuple[float, float]:
    """The Wilson score interval of a share (Wilson 1927); nothing seen means nothing known: (0, 1)."""
    if seen <= 0:
        return 0.0, 1.0
    share = hits / seen
    scale = 1 + z * z / seen
    middle = (share + z * z / (2 * seen)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / seen + z * z / (4 * seen * seen))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == seen else min(1.0, middle + half)
    return low, high


def clean_bound(seen: int) -> float:
    """With no hit in `seen` uniformly drawn values the share is below this at 95 % (the rule of three)."""
    return 1.0 if seen < 3 else 3 / seen


def chance(passed: int, tried: int, base: float) -> float:
    """P(at least `passed` of `tried` pass a checksum by luck), when a random value passes with `base`."""
    if passed <= 0:
        return 1.0
    if passed > tried:
        return 0.0
    logs = [
        math.lgamma(tried + 1) - math.lgamma(k + 1) - math.lgamma(tried - k + 1)
        + k * math.log(base) + (tried - k) * math.log1p(-base)
        for k in range(passed, tried + 1)
    ]  # fmt: skip
    top = max(logs)
    return min(1.0, math.exp(top) * math.fsum(math.exp(term - top) for term in logs))

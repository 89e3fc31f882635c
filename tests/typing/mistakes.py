"""Mistakes of a user, each of which a checker must report on its line, and on no other."""

from groupae import SO2, LatentActionAE, fit


def unknown_names() -> None:
    """Names that are not there."""
    from groupae import RotatedDigit  # noqa: F401  # expected: misspelt
    from groupae.data import OrbitPear  # noqa: F401  # expected: misspelt
    from groupae.groups import SO4  # noqa: F401  # expected: no such group


def wrong_arguments() -> None:
    """Arguments of other types, too few and too many."""
    rho = SO2().rep(10)  # expected: no text
    model = LatentActionAE.conv(rho)  # expected: no shape of the pictures
    fit(model, None, None, None, steps=5)  # expected: no such argument
    SO2().sample("8")  # expected: no number

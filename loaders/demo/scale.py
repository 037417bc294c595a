"""The made district's grading scale."""

SCALE: tuple[tuple[float, str], ...] = (
    (97, "A+"),
    (93, "A"),
    (90, "A-"),
    (87, "B+"),
    (83, "B"),
    (80, "B-"),
    (77, "C+"),
    (73, "C"),
    (70, "C-"),
    (67, "D+"),
    (63, "D"),
    (60, "D-"),
    (0, "F"),
)


def letter_of(percent: float) -> str:
    """The letter of a percentage: that of the highest step it reaches."""
    for least, letter in SCALE:
        if percent >= least:
            return letter
    raise ValueError(f"{percent} is below the scale.")

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

GRADE_POINTS: dict[str, float] = {
    "A+": 4.0, "A": 4.0, "A-": 3.7, "B+": 3.3, "B": 3.0, "B-": 2.7, "C+": 2.3, "C": 2.0, "C-": 1.7, "D+": 1.3,
    "D": 1.0, "D-": 0.7, "F": 0.0,
}  # fmt: skip


def letter_of(percent: float) -> str:
    """The letter of a percentage: that of the highest step it reaches."""
    for least, letter in SCALE:
        if percent >= least:
            return letter
    raise ValueError(f"{percent} is below the scale.")

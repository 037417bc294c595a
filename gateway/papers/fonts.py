"""The fonts of letters and papers: one for most letters, and behind it Noto for the scripts that it lacks."""

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import typst
from fontTools.ttLib import TTFont

#: The packages that carry the fonts, each with its folder of them.
_FOLDERS = {
    "font-source-sans-pro": "font_source_sans_pro/files",
    "manimgx-fonts": "manimgx_fonts",
    "manimgx-fonts-cjk": "manimgx_fonts_cjk",
}
_SCRIPTS = (
    "Arabic",
    "Armenian",
    "Bengali",
    "Devanagari",
    "Ethiopic",
    "Georgian",
    "Gujarati",
    "Gurmukhi",
    "Hebrew",
    "Kannada",
    "Khmer",
    "Lao",
    "Malayalam",
    "Myanmar",
    "Oriya",
    "Sinhala",
    "Tamil",
    "Telugu",
    "Thai",
    "Symbols",
)
_FIRST = "Source Sans Pro"
#: By which family a text is set: the first that has its letters.
FAMILIES = (_FIRST, "Noto Sans", *(f"Noto Sans {script}" for script in _SCRIPTS), "Noto Sans CJK SC", "Noto Emoji")
UNKNOWN = "?"

# A collection of five fonts with the same letters, in the shapes of Japan, Korea, China, Taiwan and Hong Kong.
_CJK, _OF_CHINA = "NotoSansCJK-VF.otf.ttc", 2


class FontMissing(RuntimeError):
    """A package that carries fonts is not installed whole; the message names it and the remedy."""


@cache
def fonts() -> typst.Fonts:
    """The fonts and no others, looked through once."""
    return typst.Fonts(False, False, [_folder(package) for package in _FOLDERS])


def printable(text: str) -> str:
    """The text with a question mark for every character that no font has, and for a mark that none has with its letter.

    A letter and the marks on it are set in one font: what lies in two of them cannot be set at all.
    """
    return "".join(_set(cluster) for cluster in _clusters(text))


def known_characters() -> frozenset[int]:
    """The characters that can be printed."""
    return frozenset().union(*(_characters(path, number) for path, number in _files()))


def _clusters(text: str) -> Iterator[str]:
    """Each character together with the marks that follow it."""
    start = 0
    for at, character in enumerate(text):
        if at and not unicodedata.category(character).startswith("M"):
            yield text[start:at]
            start = at
    yield text[start:]


@lru_cache(maxsize=2**16)
def _set(cluster: str) -> str:
    """A letter with its marks as it can be set."""
    # The fonts of later scripts take a second to read: that is for who needs them.
    if any(_characters(path, number).issuperset(map(ord, cluster)) for path, number in _files()):
        return cluster
    return UNKNOWN * len(cluster) if len(cluster) < 2 else _set(cluster[0]) + UNKNOWN * (len(cluster) - 1)


@cache
def _characters(path: Path, number: int) -> frozenset[int]:
    with TTFont(path, fontNumber=number, lazy=True) as font:
        # Some fonts have pictures of controls, which nothing may be written with.
        return frozenset(each for each in font.getBestCmap() if unicodedata.category(chr(each)) != "Cc")


def _files() -> Iterator[tuple[Path, int]]:
    """A file of each family, and which font of it."""
    source, noto, cjk = (_folder(package) for package in _FOLDERS)
    names = ["NotoSans", *(f"NotoSans{script}" for script in _SCRIPTS), "NotoEmoji"]
    yield _there(source / "SourceSansPro-Regular.ttf"), -1
    yield from ((_there(noto / f"{name}[wght].ttf"), -1) for name in names)
    yield _there(cjk / _CJK), _OF_CHINA


def _there(path: Path) -> Path:
    if not path.is_file():
        raise FontMissing(f"{path.name} is not there: install {', '.join(_FOLDERS)} again.")
    return path


def _folder(package: str) -> Path:
    """The folder of a package's fonts where pip put it; FontMissing where it is not there."""
    try:
        found = Path(str(distribution(package).locate_file(_FOLDERS[package])))
    except PackageNotFoundError:
        raise FontMissing(f"The fonts of {package} are not there: install it again.") from None
    if not found.is_dir():
        raise FontMissing(f"The fonts of {package} are not there: install it again.")
    return found

"""Invented people: common given and family names, by the language a family speaks."""

import unicodedata
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Origin:
    """Names that go together; `language` is what the family likes to be written to in (BCP 47)."""

    language: str
    share: int
    female: tuple[str, ...]
    male: tuple[str, ...]
    family: tuple[str, ...]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ORIGINS: tuple[Origin, ...] = (
    Origin(
        "en",
        60,
        _names("Ada Alice Amelia Ava Brooke Chloe Clara Daisy Ella Emma Grace Hannah Hazel Ivy Jane Kate Lily Lucy "
               "Maya Molly Nora Olive Paige Quinn Rose Ruby Sadie Tessa Violet Zoe"),
        _names("Adam Aaron Ben Caleb Cole Daniel Dylan Eli Ethan Felix Gavin Henry Hugo Ian Jack Jonah Kyle Leo Liam "
               "Mason Miles Noah Oscar Owen Peter Reid Ryan Sam Theo Wyatt"),
        _names("Adams Allen Baker Barnes Bell Bennett Brooks Brown Carter Clark Cole Cooper Davis Dixon Ellis Evans "
               "Fisher Foster Gibson Grant Gray Green Hall Harris Hayes Hill Howard Hughes Hunter Jackson James Jones "
               "Kelly King Lane Lewis Mason Miller Moore Morgan Murphy Nelson O'Brien Owens Parker Perry Porter Price "
               "Reed Rogers Ross Russell Scott Shaw Spencer Stone Taylor Turner Walker Ward Webb West White Young"),
    ),
    Origin(
        "es",
        18,
        _names("Camila Elena Inés Lucía María Noemí Paula Rocío Sofía Valeria Ximena Yolanda"),
        _names("Adrián Andrés Diego Emilio Iván Javier José Luis Mateo Rubén Tomás Víctor"),
        _names("Acuña Castañeda Díaz Domínguez Fernández García Gómez Hernández Ibáñez López Martínez Muñoz Núñez "
               "Ordóñez Peña Ramírez Ruiz Zúñiga"),
    ),
    Origin(
        "fr",
        6,
        _names("Adèle Céline Chloé Élodie Hélène Inès Léa Mélanie Renée Zoé"),
        _names("André Benoît Cédric Étienne François Gaël Jérôme Loïc Noël René"),
        _names("Béliveau Bérubé Côté Désir Fréchette Gagné Hébert Lefèvre Prévost Séguin"),
    ),
    Origin(
        "pl",
        4,
        _names("Agnieszka Bożena Elżbieta Kinga Małgorzata Oliwia Wioletta Zofia"),
        _names("Bartłomiej Grzegorz Jarosław Łukasz Michał Paweł Stanisław Wojciech"),
        _names("Błaszczyk Dąbrowski Gołąb Jabłoński Kamiński Łukaszewicz Pawłowski Wiśniewski Woźniak Zając"),
    ),
    Origin(
        "ar",
        4,
        _names("أمل سارة فاطمة ليلى مريم نور هدى ياسمين"),
        _names("أحمد حسن خالد سامي عمر كريم محمد يوسف"),
        _names("الحداد الخطيب الزهراوي السيد العلي النجار حداد منصور"),
    ),
    Origin(
        "zh",
        4,
        _names("静怡 丽娜 美玲 思琪 晓梅 雅婷 雨桐 子涵"),
        _names("浩然 建国 俊杰 明轩 伟 文博 志强 子轩"),
        _names("陈 李 林 刘 王 吴 张 赵"),
    ),
    Origin(
        "vi",
        4,
        _names("Bích Hằng Hương Lệ Mỹ Ngọc Thảo Tuyết"),
        _names("Bảo Đức Hiếu Hoàng Minh Phước Quân Tuấn"),
        _names("Bùi Đặng Đỗ Hoàng Lê Ngô Nguyễn Phạm Trần Vũ"),
    ),
)  # fmt: skip

_BY_LANGUAGE = {origin.language: origin for origin in ORIGINS}
_SHARES = [origin.share for origin in ORIGINS]


def origin_of(language: str) -> Origin:
    """The names of families who speak that language."""
    return _BY_LANGUAGE[language]


def any_origin(rng: Random) -> Origin:
    """One of the origins, each as often as its share."""
    return rng.choices(ORIGINS, _SHARES)[0]


def given_name(rng: Random, origin: Origin) -> str:
    """A given name of that origin."""
    return rng.choice(origin.female if rng.random() < 0.5 else origin.male)


def address(given: str, family: str, number: int) -> str:
    """An e-mail address at example.org: the names in plain letters where they have some, and the number."""
    plain = unicodedata.normalize("NFKD", f"{given}.{family}".translate(_STROKES))
    letters = "".join(letter for letter in plain.lower() if letter in "abcdefghijklmnopqrstuvwxyz.")
    return f"{letters.strip('.') or 'family'}.{number}@example.org"


def phone(number: int) -> str:
    """A telephone number out of the hundred that are kept for fiction."""
    return f"555-01{number % 100:02}"


_STROKES = str.maketrans("łŁđĐ", "lLdD")

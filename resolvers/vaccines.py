"""Vaccine groups, and which products by CVX code fill which of them: the CDC's mapping, Tdap apart from Td.

From "IIS: HL7 Standard Code Set, Mapping CVX to Vaccine Groups" (CDC). A product that is not here fills no group that
we know, and stays as the source calls it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Group(NamedTuple):
    """A vaccine group: its name for programs, the CVX code that stands for it, and its name for people."""

    id: str
    cvx: str
    name: str


GROUPS: tuple[Group, ...] = (
    Group("DTAP", "107", "Diphtheria, tetanus, pertussis (DTaP)"),
    Group("TDAP", "115", "Tetanus, diphtheria, pertussis booster (Tdap)"),
    Group("TD", "139", "Tetanus, diphtheria booster (Td)"),
    Group("POLIO", "89", "Polio"),
    Group("MMR", "03", "Measles, mumps, rubella (MMR)"),
    Group("VARICELLA", "21", "Chickenpox (varicella)"),
    Group("HEPB", "45", "Hepatitis B"),
    Group("HEPA", "85", "Hepatitis A"),
    Group("HIB", "17", "Haemophilus influenzae type b (Hib)"),
    Group("PCV", "152", "Pneumococcal conjugate (PCV)"),
    Group("ROTAVIRUS", "122", "Rotavirus"),
    Group("MENACWY", "108", "Meningococcal ACWY"),
    Group("MENB", "164", "Meningococcal B"),
    Group("HPV", "137", "Human papillomavirus (HPV)"),
    Group("INFLUENZA", "88", "Influenza"),
    Group("COVID19", "213", "COVID-19"),
)

_OF_ONE = {
    "DTAP": "01 11 20 28 106 107",
    "TDAP": "115",
    "TD": "09 113 138 139 196",
    "POLIO": "02 10 89 178 179 182",
    "MMR": "03 04 05 06 07 38",
    "VARICELLA": "21",
    "HEPB": "08 42 43 44 45 189 220",
    "HEPA": "31 52 83 84 85",
    "HIB": "17 46 47 48 49",
    "PCV": "100 133 152 215 216",
    "ROTAVIRUS": "74 116 119 122",
    "MENACWY": "32 108 114 136 147 203",
    "MENB": "162 163 164",
    "HPV": "62 118 137 165",
    "INFLUENZA": "15 16 88 111 135 140 141 144 149 150 153 155 158 161 166 168 171 185 186 197 205",
    "COVID19": "207 208 210 211 212 213 217 218 219 221 228 229 230 300 301 302 308 309 310 311 312 313",
}

#: Combined products: one dose counts in each of these groups.
_OF_SEVERAL = {
    "22": "DTAP HIB",
    "50": "DTAP HIB",
    "51": "HIB HEPB",
    "94": "MMR VARICELLA",
    "102": "DTAP HIB HEPB",
    "104": "HEPA HEPB",
    "110": "DTAP POLIO HEPB",
    "120": "DTAP POLIO HIB",
    "130": "DTAP POLIO",
    "132": "DTAP POLIO HIB HEPB",
    "146": "DTAP POLIO HIB HEPB",
    "148": "MENACWY HIB",
    "170": "DTAP POLIO HIB",
    "198": "DTAP HIB HEPB",
    "316": "MENACWY MENB",
}

#: The groups that each product fills, by its CVX code.
FILLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{code: (group,) for group, codes in _OF_ONE.items() for code in codes.split()},
        **{code: tuple(groups.split()) for code, groups in _OF_SEVERAL.items()},
    }
)

KNOWN: Mapping[str, Group] = MappingProxyType({group.id: group for group in GROUPS})


def code_of(text: str | None) -> str | None:
    """A CVX code as the table writes it, with two digits at the least; None for no text."""
    code = (text or "").strip()
    return code.zfill(2) if code.isascii() and code.isdigit() else code or None

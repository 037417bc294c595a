"""A OneRoster bundle as bytes: the same rows make the same bytes, and no cell is a formula to a spreadsheet."""

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from loaders.oneroster.columns import COLUMNS, FILES

Record = Mapping[str, str]

# A spreadsheet reads what begins so as a formula, in full width too. A telephone number is none, however it begins.
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"\+?[0-9() ./-]+", re.ASCII)
# Archives keep times from 1980 on; of these files none means anything.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def bundle(files: Mapping[str, Sequence[Record]], system: str) -> bytes:
    """The archive of a delta: these files and the manifest, which says `system` of where it comes from."""
    texts = {f"{name}.csv": _csv(COLUMNS[name], rows) for name, rows in files.items()}
    texts["manifest.csv"] = _csv(("propertyName", "value"), _manifest(files, system))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in sorted(texts):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.external_attr = 0o600 << 16
            # Packed by a library, whose next version may pack otherwise, it would not be the same bytes again.
            entry.compress_type = zipfile.ZIP_STORED
            archive.writestr(entry, texts[name].encode())
    return made.getvalue()


def instant(at: datetime) -> str:
    """An instant as the standard writes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.}{at.microsecond // 1000:03}Z"


def harmless(cell: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _manifest(files: Mapping[str, object], system: str) -> list[Record]:
    values = {"manifest.version": "1.0", "oneroster.version": "1.2"}
    values |= {f"file.{name}": "delta" if name in files else "absent" for name in FILES}
    values |= {"source.systemName": "Homeroom", "source.systemCode": system}
    return [{"propertyName": name, "value": value} for name, value in values.items()]


def _csv(columns: Sequence[str], rows: Sequence[Record]) -> str:
    text = io.StringIO(newline="")
    written = csv.writer(text, lineterminator="\r\n")
    written.writerow(columns)
    written.writerows([harmless(row.get(column, "")) for column in columns] for row in rows)
    return text.getvalue()

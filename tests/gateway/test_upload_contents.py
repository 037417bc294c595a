"""What is handed in is judged by its bytes: its kind, its size, and whether it does anything but show something."""

import random
from contextlib import suppress

import pytest

from gateway.uploads import ContentRefused, check_content
from gateway.uploads.pdf import check_pdf
from tests.uploads import HEIC_TYPE, JPEG_TYPE, PDF_TYPE, PNG_TYPE, WHOLE, ZIP, heic, jpeg, packed, pdf, png

REFUSED = {
    "a page in the place of a picture": (PNG_TYPE, b"<html><script>alert(1)</script></html>"),
    "a drawing that can hold scripts": (PNG_TYPE, b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    "a PNG called a JPEG": (JPEG_TYPE, png()),
    "a video called a HEIC": (HEIC_TYPE, heic(brand=b"mp42")),
    "half a PNG": (PNG_TYPE, png()[:-6]),
    "half a PDF": (PDF_TYPE, pdf()[:-8]),
    "a JPEG without a size": (JPEG_TYPE, b"\xff\xd8\xff\xda\0\x04ab\xff\xd9"),
    "a PNG with something behind its end": (PNG_TYPE, png(behind=b"more")),
    "a PNG of a billion points": (PNG_TYPE, png(40_000, 30_000)),
    "a JPEG of four billion points": (JPEG_TYPE, jpeg(65_535, 65_535)),
    "a HEIC of a billion points": (HEIC_TYPE, heic(100_000, 10_000)),
    "a picture without points": (PNG_TYPE, png(0, 3)),
    "a PDF behind something else": (PDF_TYPE, b"MZ\x90\0" + pdf()),
    "a picture that is a PDF": (JPEG_TYPE, jpeg(comment=pdf())),
    "a picture that is a page": (JPEG_TYPE, jpeg(comment=b"<ScRiPt>alert(1)</script>")),
    "a picture that is an archive": (JPEG_TYPE, jpeg(behind=ZIP)),
    "a PDF that is an archive": (PDF_TYPE, pdf().replace(b"%%EOF\n", ZIP + b"%%EOF")[:-5] + b"%%EOF" + ZIP),
    "a PDF that is a page": (PDF_TYPE, pdf(head=b"%PDF-1.7\n<html>\n")),
    "a PDF with a script": (PDF_TYPE, pdf(b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>")),
    "a script written otherwise": (PDF_TYPE, pdf(b"<< /S /Java#53cript /JS (1) >>")),
    "a script that is packed": (PDF_TYPE, pdf(packed(b"<< /S /JavaScript /JS (1) >>"))),
    "a PDF that starts a program": (PDF_TYPE, pdf(b"<< /S /Launch /F (cmd.exe) >>")),
    "a PDF that carries a file": (PDF_TYPE, pdf(b"<< /EF << /F 9 0 R >> >>", b"<< /Type /EmbeddedFile >>")),
    "a PDF with a password": (PDF_TYPE, pdf() + b"trailer << /Encrypt 4 0 R >>\n%%EOF\n"),
    "packed twice": (PDF_TYPE, pdf(packed(b"<< >>", filter_=b"[/ASCIIHexDecode /FlateDecode]"))),
    "packed by a rule of its own": (PDF_TYPE, pdf(packed(b"<< >>", more=b"/DecodeParms << /Predictor 12 >>"))),
    "packed and cut off": (PDF_TYPE, pdf(b"<< /Type /ObjStm /Filter /FlateDecode >>\nstream\nnothing\nendstream")),
    "packed to a bomb": (PDF_TYPE, pdf(packed(b" " * (33 * 2**20)))),
}  # fmt: skip


@pytest.mark.parametrize(("media_type", "content"), WHOLE, ids=[each for each, _ in WHOLE])
def test_what_is_whole_and_only_shows_something_is_taken_as_what_it_is_alone(media_type: str, content: bytes) -> None:
    check_content(content, media_type)
    for other, _ in WHOLE:
        if other != media_type:
            with pytest.raises(ContentRefused):
                check_content(content, other)


def test_what_telephones_and_printers_really_write_is_taken() -> None:
    check_content(jpeg(12_000, 9_000, behind=b"\0\0\0\x18ftypmp42 a film of two seconds"), JPEG_TYPE)
    check_content(heic(brand=b"mif1")[:20] + b"heic" + heic(brand=b"mif1")[24:], HEIC_TYPE)
    check_content(pdf(packed(b"<< /Type /Page /Annots [] >>"), b"<< /OpenAction [5 0 R /Fit] >>"), PDF_TYPE)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_something_else_or_acts_is_refused(name: str) -> None:
    media_type, content = REFUSED[name]
    with pytest.raises(ContentRefused) as refused:
        check_content(content, media_type)
    assert str(refused.value).endswith(".")


def test_no_bytes_break_the_judge() -> None:
    drawn = random.Random(20261123)
    for media_type, content in WHOLE:
        for _ in range(150):
            broken = bytearray(content)
            for _ in range(drawn.randint(1, 6)):
                broken[drawn.randrange(len(broken))] = drawn.randrange(256)
            with suppress(ContentRefused):
                check_content(bytes(broken[: drawn.randint(1, len(broken))]), media_type)


def test_a_name_across_two_pieces_is_found() -> None:
    for shift in range(2**18 - 30, 2**18 + 2):
        head = pdf()[:-6] + b" " * 10
        with pytest.raises(ContentRefused, match="script"):
            check_pdf(head + b" " * (shift - len(head)) + b"/JavaScript %%EOF\n")

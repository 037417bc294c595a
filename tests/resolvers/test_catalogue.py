"""The catalogue of preference images: enough of them, drawn and named, and nothing in a drawing but a drawing."""

import re
from xml.etree import ElementTree

import pytest

from resolvers.portal.catalogue import FOLDER, ImageCategory, drawings, images, images_of, known_ids

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {"svg", "rect", "circle", "ellipse", "path"}


def test_there_are_at_least_sixty_in_every_category_as_many() -> None:
    found = images()
    assert len(found) == len(drawings().by_id) == len(known_ids()) == 72
    by_category = [image.category for image in found]
    assert {by_category.count(category) for category in ImageCategory} == {8}


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_has_a_name_of_its_own_and_says_what_it_shows(language: str) -> None:
    found = images(language)
    assert len({image.label for image in found}) == len({image.alt for image in found}) == len(found)
    assert all(len(image.alt) >= 10 and image.label and image.alt != image.label for image in found)


def test_both_languages_show_the_same_and_other_ones_english() -> None:
    assert [image.url for image in images("es-MX")] == [image.url for image in images("en")]
    assert images("es")[0].label != images("en")[0].label
    assert images("fr") == images("en") == images(None)


@pytest.mark.parametrize("id", sorted(known_ids()))
def test_a_drawing_holds_shapes_and_nothing_that_runs_or_loads(id: str) -> None:
    content = drawings().by_id[id]
    assert len(content) < 3000
    root = ElementTree.fromstring(content)
    elements = list(root.iter())
    assert {element.tag.removeprefix(SVG) for element in elements} <= SHAPES
    assert len(elements) >= 3
    assert not any(re.search(r"href|^on|style", name) for element in elements for name in element.attrib)
    assert b"url(" not in content
    assert b"<!" not in content


def test_no_two_drawings_are_the_same() -> None:
    assert len(set(drawings().by_id.values())) == len(drawings().by_id)
    assert {path.stem for path in FOLDER.glob("*.svg")} == known_ids()


def test_images_come_in_the_order_asked_and_one_that_is_gone_is_left_out() -> None:
    assert [image.id for image in images_of(("whale", "gone", "apple"))] == ["whale", "apple"]

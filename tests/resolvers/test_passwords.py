"""The password policy and the rules of names: every broken rule at once, with its code."""

import time

import pytest

from resolvers.portal.accounts import CreateAccount, check_create_account
from resolvers.portal.password_change import ChangePassword
from resolvers.portal.passwords import NIST, SEED, broken_rules
from resolvers.portal.problems import ProblemCode
from resolvers.portal.texts import label, username_key

SHORT, LONG = ProblemCode.PASSWORD_TOO_SHORT, ProblemCode.PASSWORD_TOO_LONG
LETTER, DIGIT = ProblemCode.PASSWORD_NEEDS_LETTER, ProblemCode.PASSWORD_NEEDS_DIGIT
SPECIAL, UNREADABLE = ProblemCode.PASSWORD_NEEDS_SPECIAL, ProblemCode.PASSWORD_UNREADABLE
COMMON, NAME = ProblemCode.PASSWORD_COMMON, ProblemCode.PASSWORD_HOLDS_NAME


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("plumtree-4", []),
        ("plum-t4", [SHORT]),
        ("", [SHORT, LETTER, DIGIT, SPECIAL]),
        ("12345678", [LETTER, SPECIAL, COMMON]),
        ("abcdefgh", [DIGIT, SPECIAL]),
        ("@#$%@#$%", [LETTER, DIGIT]),
        ("пароль-٣٤", []),
        ("パスワード１２！", []),
        ("a1@" + "x" * 125, []),
        ("a1@" + "x" * 126, [LONG]),
        ("a1@" + "e\u0301" * 125, []),
        ("a1@" + "\ufb03" * 42 + "x", [LONG]),
        ("a1@" + "x" * 1_000_000, [LONG]),
        ("abcde1@\x00", [UNREADABLE]),
        ("abcde1@\ud800", [UNREADABLE]),
        ("abcde1@\n", [UNREADABLE]),
    ],
)
def test_the_rule_of_the_quick_reference(password: str, codes: list[ProblemCode]) -> None:
    assert [problem.code for problem in broken_rules(password)] == codes


@pytest.mark.parametrize(
    "password",
    [
        "Password1!",
        "P@$$w0rd!1",
        "Summer2026!",
        "!!Dragon99",
        "ILOVEYOU#1",
        "qwerty-123",
        "a1!a1!a1!",
        "ＰＡＳＳＷＯＲＤ１！",
    ],
)
def test_a_common_password_is_refused_whatever_it_is_decked_out_with(password: str) -> None:
    assert [problem.code for problem in broken_rules(password)] == [COMMON]


@pytest.mark.parametrize("password", ["walnut-kite-58", "Maple-7-leaf", "correct horse 4!", "ключ-к-дому-7"])
def test_a_password_that_nobody_else_has_is_let_through(password: str) -> None:
    assert broken_rules(password) == []


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("xx-MARISOL-71", [NAME]),
        ("Peña's house 4", [NAME]),
        ("PEN\u0303A-house-4", [NAME]),
        ("rafael", [SHORT, DIGIT, SPECIAL, NAME]),
        ("banana-bread-4", []),
        ("four-ana-eyes-4", [NAME]),
        ("li-xu-orchard-4", []),
    ],
)
def test_no_name_of_the_family_may_be_in_it(password: str, codes: list[ProblemCode]) -> None:
    names = ("marisol.p", "Marisol", "Peña Brooks", "Rafael", "Ana", "Li", "", "'-'")
    assert [problem.code for problem in broken_rules(password, SEED, names)] == codes


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("quiet river under", []),
        ("quiet river un", [SHORT]),
        ("plumtree-4", [SHORT]),
        ("x" * 15, [COMMON]),
        ("quiet marisol under", [NAME]),
    ],
)
def test_the_rule_of_nist_asks_for_length_and_no_composition(password: str, codes: list[ProblemCode]) -> None:
    assert [problem.code for problem in broken_rules(password, NIST, ("Marisol",))] == codes


@pytest.mark.parametrize(
    ("username", "codes"),
    [
        ("ana", []),
        ("ana maria", []),
        (" an ", [ProblemCode.USERNAME_TOO_SHORT]),
        ("x" * 64, []),
        ("x" * 65, [ProblemCode.USERNAME_TOO_LONG]),
        ("\ufb03", []),
        ("x" * 100_000, [ProblemCode.USERNAME_TOO_LONG]),
        ("an\x00a", [ProblemCode.USERNAME_UNREADABLE]),
        ("an\ud800a", [ProblemCode.USERNAME_UNREADABLE]),
    ],
)
def test_the_rules_of_names(username: str, codes: list[ProblemCode]) -> None:
    assert [problem.code for problem in check_create_account(CreateAccount(username, "plumtree-4", "7"))] == codes


@pytest.mark.parametrize("spelling", ["Ana  María", " ana maría ", "ANA MARI\u0301A", "Ａｎａ\u3000María"])
def test_a_name_has_one_key(spelling: str) -> None:
    assert username_key(spelling) == "ana maría"


@pytest.mark.parametrize("name", ["", "   ", "\x00", "\ud800", "x" * 1025])
def test_what_is_no_name_has_no_key(name: str) -> None:
    assert username_key(name) is None


def test_a_run_of_combining_marks_costs_nothing() -> None:
    began = time.process_time()
    hostile = "a" + "\u0301\u0316" * 30_000
    assert [problem.code for problem in broken_rules(hostile)] == [LONG]
    assert username_key(hostile) is None
    assert time.process_time() - began < 0.2


def test_a_label_is_one_short_readable_line() -> None:
    assert label("  Ana's\tphone\r\n\x00\ud800 ", 100) == "Ana's phone"
    assert (label(None, 100), label("x" * 1000, 10)) == ("", "x" * 10)


def test_a_password_is_in_no_representation_of_an_order() -> None:
    assert "plumtree-4" not in repr(CreateAccount("ana", "plumtree-4", "7"))
    assert "plumtree-4" not in repr(ChangePassword("plumtree-4", "plumtree-4"))

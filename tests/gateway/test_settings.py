"""Settings: where they come from, and that every faulty one is named at once without its value."""

from datetime import date
from pathlib import Path

import pytest

from gateway.settings import Settings, SettingsInvalid, load_settings

SIS = "sqlite:///sis.db"


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(**forced: object) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(**forced)
    return caught.value


def named(error: SettingsInvalid) -> list[str]:
    return [fault.name for fault in error.faults]


def test_defaults_serve_this_machine_only() -> None:
    settings = load_settings(sis_url=SIS)
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.portal_url == "sqlite:///.homeroom/portal.db"
    assert (settings.sis_adapter, settings.sis_time_zone, settings.sis_allow_writable) == ("home", None, False)
    assert (settings.watch_interval, settings.readers) == (2.0, 4)
    assert (settings.statement_timeout, settings.operation_timeout) == (3.0, 10.0)
    assert (settings.allowed_origins, settings.public_url, settings.secure_cookies) == ((), None, False)
    assert (settings.pepper, settings.today, settings.support_email) == (None, None, None)


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("homeroom.toml").write_text(f'sis_url = "{SIS}"\nport = 7000\nreaders = 9\ntoday = 2026-11-02\n')
    monkeypatch.setenv("HOMEROOM_PORT", "7001")
    settings = load_settings()
    assert (settings.port, settings.readers, settings.statement_timeout) == (7001, 9, 3.0)
    assert settings.today == date(2026, 11, 2)
    assert load_settings(port=7002).port == 7002


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("homeroom.toml").write_text(f'sis_url = "{SIS}"\n')
    monkeypatch.setenv("HOMEROOM_SIS_URL", "")
    monkeypatch.setenv("HOMEROOM_PORT", "")
    assert (load_settings().sis_url, load_settings().port) == (SIS, 8000)


def test_the_file_is_where_homeroom_config_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.toml").write_text(f'sis_url = "{SIS}"\nport = 7003\n')
    monkeypatch.setenv("HOMEROOM_CONFIG", str(tmp_path / "other.toml"))
    assert load_settings().port == 7003
    monkeypatch.setenv("HOMEROOM_CONFIG", str(tmp_path / "gone.toml"))
    assert named(refused(sis_url=SIS)) == ["HOMEROOM_CONFIG"]


@pytest.mark.parametrize("text", ["port = ", "port = 1\nport = 2", "\x00"])
def test_a_file_that_is_not_toml_is_refused_with_the_place(text: str) -> None:
    Path("homeroom.toml").write_text(f'pepper = "plover-plover-plover"\n{text}')
    error = refused(sis_url=SIS)
    assert named(error) == ["HOMEROOM_CONFIG"]
    assert "homeroom.toml is not TOML" in str(error)
    assert "plover" not in str(error)


FAULTY = {
    "HOMEROOM_SIS_URL": "oracle://plover:plover@host/name",
    "HOMEROOM_SIS_ADAPTER": "plover",
    "HOMEROOM_SIS_TIME_ZONE": "Plover/Nowhere",
    "HOMEROOM_SIS_ALLOW_WRITABLE": "plover",
    "HOMEROOM_PORTAL_URL": "postgresql://plover:plover@host:plover/name",
    "HOMEROOM_HOST": "plover plover",
    "HOMEROOM_PORT": "65536",
    "HOMEROOM_PUBLIC_URL": "https://plover.example/path",
    "HOMEROOM_SECURE_COOKIES": "plover",
    "HOMEROOM_ALLOWED_ORIGINS": "https://fine.example,*",
    "HOMEROOM_TRUSTED_PROXIES": "10.0.0.1,plover",
    "HOMEROOM_DISTRICT_NAME": "plover" * 40,
    "HOMEROOM_SUPPORT_EMAIL": "plover",
    "HOMEROOM_MAIL_FROM": "plover",
    "HOMEROOM_SMTP_URL": "https://plover:plover@host",
    "HOMEROOM_MAIL_FOLDER": "/dev/null",
    "HOMEROOM_PUSH_KEY_FILE": "/plover",
    "HOMEROOM_PUSH_PRIVATE": "plover",
    "HOMEROOM_FCM_ACCOUNT_FILE": "/plover",
    "HOMEROOM_APNS_KEY_ID": "plover",
    "HOMEROOM_APNS_TEAM": "plover",
    "HOMEROOM_APNS_TOPIC": "plover",
    "HOMEROOM_APNS_KEY_FILE": "/plover",
    "HOMEROOM_APNS_SANDBOX": "plover",
    "HOMEROOM_DOCUMENTS": "/dev/null",
    "HOMEROOM_PASSWORD_POLICY": "plover",
    "HOMEROOM_IMAGE_STEP": "plover",
    "HOMEROOM_SETUP_DEFERRALS": "-1",
    "HOMEROOM_WATCH_INTERVAL": "0",
    "HOMEROOM_SETTLE_WINDOW": "-1",
    "HOMEROOM_SHARED_ROWS": "-1",
    "HOMEROOM_READERS": "0",
    "HOMEROOM_STATEMENT_TIMEOUT": "nan",
    "HOMEROOM_OPERATION_TIMEOUT": "inf",
    "HOMEROOM_ANSWER_MEMORY": "-1",
    "HOMEROOM_TOLD_MEMORY": "-1",
    "HOMEROOM_PEPPER": "plover",
    "HOMEROOM_PEPPER_FILE": "/plover",
    "HOMEROOM_SEAL_FILE": "/plover",
    "HOMEROOM_REGISTRATION": "/dev/null",
    "HOMEROOM_UPLOADS": "/dev/null",
    "HOMEROOM_WAKE": "redis://plover:plover@:plover",
    "HOMEROOM_UPLOAD_SCAN": 'plover "plover',
    "HOMEROOM_TODAY": "23.11.2026",
    "HOMEROOM_LOG_FORMAT": "plover",
}


#: Whose example is a command, or a file, or wants another setting beside it.
NEEDING_MORE = {
    *("HOMEROOM_PEPPER", "HOMEROOM_PEPPER_FILE", "HOMEROOM_SEAL_FILE", "HOMEROOM_SMTP_URL"),
    *("HOMEROOM_PUSH_KEY_FILE", "HOMEROOM_FCM_ACCOUNT_FILE", "HOMEROOM_APNS_KEY_FILE"),
}


def test_every_faulty_setting_is_named_at_once_and_its_value_never(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(FAULTY) == {f"HOMEROOM_{name.upper()}" for name in Settings.model_fields}
    for name, value in FAULTY.items():
        monkeypatch.setenv(name, value)
    error = refused()
    assert sorted(named(error)) == sorted(FAULTY)
    assert str(error).startswith(f"{len(FAULTY)} settings cannot be used.\n")
    assert "plover" not in str(error).lower()
    for fault in error.faults:
        assert fault.example is not None
        assert fault.example.startswith(f"{fault.name}=")


@pytest.mark.parametrize("name", sorted(FAULTY))
def test_each_is_refused_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEROOM_SIS_URL", SIS)
    monkeypatch.setenv(name, FAULTY[name])
    assert named(refused()) == [name]


@pytest.mark.parametrize("name", sorted(set(FAULTY) - NEEDING_MORE))
def test_each_example_would_do(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    example = (Settings.model_fields[name.removeprefix("HOMEROOM_").lower()].examples or [""])[0]
    monkeypatch.setenv("HOMEROOM_SIS_URL", SIS)
    monkeypatch.setenv(name, example)
    load_settings()


def test_the_sis_must_be_named() -> None:
    error = refused()
    assert [(fault.name, fault.problem) for fault in error.faults] == [("HOMEROOM_SIS_URL", "It is not set.")]


def test_unknown_names_are_refused_with_the_nearest_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("homeroom.toml").write_text('porrt = 1\n[limits]\ndepth = "plover"\n')
    monkeypatch.setenv("HOMEROOM_SIS_ADAPTOR", "plover")
    monkeypatch.setenv("HOMEROOM_TEST_POSTGRESQL", "is of the tests")
    error = refused(sis_url=SIS)
    assert named(error) == ["HOMEROOM_SIS_ADAPTOR", "porrt in homeroom.toml", "limits in homeroom.toml"]
    assert "Did you mean HOMEROOM_SIS_ADAPTER?" in error.faults[0].problem
    assert "Did you mean port?" in error.faults[1].problem
    assert "plover" not in str(error)


def test_cookies_are_secure_where_families_come_by_https(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(sis_url=SIS, public_url="https://portal.example.org").secure_cookies is True
    assert load_settings(sis_url=SIS, public_url="http://portal.example.org").secure_cookies is False
    monkeypatch.setenv("HOMEROOM_SECURE_COOKIES", "false")
    assert load_settings(sis_url=SIS, public_url="https://portal.example.org").secure_cookies is False


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("https://App.Example.org/", ("https://app.example.org",)),
        ("https://a.org:443, http://b.org:80,http://c.org:81", ("https://a.org", "http://b.org", "http://c.org:81")),
        ("http://[::1]:3000", ("http://[::1]:3000",)),
        (" , ", ()),
    ],
)
def test_origins_are_kept_as_browsers_write_them(
    text: str, origins: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMEROOM_ALLOWED_ORIGINS", text)
    assert load_settings(sis_url=SIS).allowed_origins == origins


@pytest.mark.parametrize(
    "text",
    [
        "*", "null", "app.example.org", "https://*.example.org", "https://u@a.org", "https://a.org/x", "ftp://a.org",
        "https://a.org:x", "https://a.org:99999", "https://", "https://a.org?x", "https://a.org#x", "https://a b.org",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEROOM_ALLOWED_ORIGINS", text)
    assert named(refused(sis_url=SIS)) == ["HOMEROOM_ALLOWED_ORIGINS"]


def test_the_pepper_may_come_from_a_file_but_not_from_both() -> None:
    Path("pepper").write_text("plover-plover-plover\n")
    Path("short").write_text("plover\n")
    settings = load_settings(sis_url=SIS, pepper_file="pepper")
    assert settings.pepper is not None
    assert settings.pepper.get_secret_value() == "plover-plover-plover"
    assert named(refused(sis_url=SIS, pepper_file="short")) == ["HOMEROOM_PEPPER_FILE"]
    assert named(refused(sis_url=SIS, pepper_file="gone")) == ["HOMEROOM_PEPPER_FILE"]
    both = refused(sis_url=SIS, pepper_file="pepper", pepper="plover-plover-plover")
    assert named(both) == ["HOMEROOM_PEPPER_FILE"]
    assert "plover" not in str(both)


def test_mail_by_a_server_needs_a_sender() -> None:
    assert named(refused(sis_url=SIS, smtp_url="smtp://127.0.0.1:25")) == ["HOMEROOM_SMTP_URL"]
    assert load_settings(sis_url=SIS, smtp_url="smtp://127.0.0.1:25", mail_from="a@b.org").smtp_url is not None


@pytest.mark.parametrize(
    "text",
    ["smtp://", "mail.example.org", "smtp://:p@host", "smtp://host/x", "smtp://host:0", "smtp://host?x", "smtp://h:x"],
)
def test_what_is_no_mail_server_is_refused(text: str) -> None:
    assert named(refused(sis_url=SIS, mail_from="a@b.org", smtp_url=text)) == ["HOMEROOM_SMTP_URL"]


def test_settings_print_no_secret_and_no_url() -> None:
    settings = load_settings(
        sis_url="postgresql://reader:plover@127.0.0.1/sis",
        portal_url="postgresql://portal:plover@127.0.0.1/portal",
        pepper="plover-plover-plover",
        smtp_url="smtp://portal:plover@127.0.0.1",
        mail_from="portal@example.org",
    )
    assert "plover" not in f"{settings!r} {settings}"
    assert "postgresql" not in f"{settings!r} {settings}"

"""Settings: the environment over `homeroom.toml` over the defaults, parsed once, every fault named at once."""

import os
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from gateway.setting_values import (
    adapter_name,
    apple_id,
    bundle_id,
    command_line,
    database_url,
    folder,
    google_account_file,
    host_name,
    listed,
    long_enough,
    mail_server,
    mailbox,
    network,
    origin,
    pepper_in,
    seal_key_in,
    signing_key_file,
    time_zone,
    wake_line,
)

PREFIX = "HOMEROOM_"
CONFIG = "HOMEROOM_CONFIG"
CONFIG_DEFAULT = Path("homeroom.toml")

#: Variables that only the tests read.
TESTS_PREFIX = "HOMEROOM_TEST_"


@dataclass(frozen=True, slots=True)
class Fault:
    """One setting that cannot be used: its HOMEROOM_ name, what is wrong with it, and one that would do."""

    name: str
    problem: str
    example: str | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}" + (f" Example: {self.example}" if self.example else "")


class SettingsInvalid(Exception):
    """Some settings cannot be used; the message names each of them, and repeats the value of none."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        count = "One setting" if len(faults) == 1 else f"{len(faults)} settings"
        super().__init__("\n".join([f"{count} cannot be used.", *(f"  {fault}" for fault in faults)]))


_Seconds = partial(Field, gt=0, allow_inf_nan=False)


class Settings(BaseSettings):
    """All that a district can set; each is HOMEROOM_<NAME> in the environment and `<name>` in homeroom.toml."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    sis_url: Annotated[str, AfterValidator(database_url)] = Field(
        repr=False,
        description="The student information system's database, with credentials that only read.",
        examples=["postgresql://reader:password@127.0.0.1/sis"],
    )
    sis_adapter: Annotated[str, AfterValidator(adapter_name)] = Field(
        "home", description="How that database is read: a built-in adapter, or a folder.", examples=["rosariosis"]
    )
    sis_time_zone: Annotated[str, AfterValidator(time_zone)] | None = Field(
        None, description="The district's time zone, instead of the adapter's.", examples=["America/Chicago"]
    )
    sis_allow_writable: bool = Field(
        False, description="Serve although the SIS's credentials could write.", examples=["false"]
    )
    portal_url: Annotated[str, AfterValidator(database_url)] = Field(
        "sqlite:///.homeroom/portal.db",
        repr=False,
        description="The portal store: accounts, sessions, events.",
        examples=["sqlite:////var/lib/homeroom/portal.db"],
    )
    host: Annotated[str, AfterValidator(host_name)] = Field(
        "127.0.0.1", description="The address to listen on.", examples=["127.0.0.1"]
    )
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on; 0 takes a free one.", examples=["8000"])
    public_url: Annotated[str, AfterValidator(origin)] | None = Field(
        None, description="How families reach the gateway.", examples=["https://portal.example.org"]
    )
    secure_cookies: bool = Field(
        False, description="Cookies travel by https only; by itself where public_url is https.", examples=["true"]
    )
    allowed_origins: Annotated[
        tuple[Annotated[str, AfterValidator(origin)], ...], NoDecode, BeforeValidator(listed)
    ] = Field((), description="Other sites whose pages may call the gateway.", examples=["https://app.example.org"])
    trusted_proxies: Annotated[
        tuple[Annotated[str, AfterValidator(network)], ...], NoDecode, BeforeValidator(listed)
    ] = Field(
        ("127.0.0.1",),
        description="Proxies that are believed for whom they ask: addresses and networks.",
        examples=["10.0.0.5,10.1.0.0/16"],
    )
    district_name: str = Field(
        "Homeroom", min_length=1, max_length=200, description="As families see it.", examples=["Jefferson City Schools"]
    )
    support_email: Annotated[str, AfterValidator(mailbox)] | None = Field(
        None, description="Where families write for help.", examples=["support@example.org"]
    )
    mail_from: Annotated[str, AfterValidator(mailbox)] | None = Field(
        None, description="The address from which families get mail.", examples=["portal@example.org"]
    )
    smtp_url: Annotated[str, AfterValidator(mail_server)] | None = Field(
        None,
        repr=False,
        description="The server that takes the mail; encrypted, but on this machine.",
        examples=["smtp://portal:password@mail.example.org:587"],
    )
    mail_folder: Annotated[Path, AfterValidator(folder)] | None = Field(
        None, description="A folder that takes the mail where there is no server, for development.", examples=["mail"]
    )
    push_key_file: Annotated[Path, AfterValidator(signing_key_file)] | None = Field(
        None,
        description="The file with the key that web push is signed with, made by `homeroom pushkey`; none without.",
        examples=["/run/secrets/homeroom-push.pem"],
    )
    push_private: bool = Field(
        False,
        description="Web push may go to the own network and without TLS, for development.",
        examples=["false"],
    )
    fcm_account_file: Annotated[Path, AfterValidator(google_account_file)] | None = Field(
        None,
        description="The service account's JSON file by which phones are reached through Firebase Cloud Messaging.",
        examples=["/run/secrets/homeroom-fcm.json"],
    )
    apns_key_id: Annotated[str, AfterValidator(apple_id)] | None = Field(
        None, description="The id of the key by which iPhones are reached, as Apple gives it.", examples=["ABC123DEFG"]
    )
    apns_team: Annotated[str, AfterValidator(apple_id)] | None = Field(
        None, description="The id of the team that the key is of.", examples=["DEF123GHIJ"]
    )
    apns_topic: Annotated[str, AfterValidator(bundle_id)] | None = Field(
        None, description="The bundle id of the app that is told.", examples=["org.example.portal"]
    )
    apns_key_file: Annotated[Path, AfterValidator(signing_key_file)] | None = Field(
        None,
        description="The .p8 file with that key.",
        examples=["/run/secrets/homeroom-apns.p8"],
    )
    apns_sandbox: bool = Field(
        False, description="Apple's push service for apps in development is taken.", examples=["false"]
    )
    documents: Annotated[Path, AfterValidator(folder)] | None = Field(
        None,
        description="The folder below which the SIS's documents lie, as PDFs; without, none of them is given out.",
        examples=["/srv/sis/documents"],
    )
    password_policy: Literal["seed", "nist"] = Field(
        "seed",
        description="seed asks for 8 characters with letters, digits and special ones; nist for any 15.",
        examples=["seed"],
    )
    image_step: bool = Field(
        True,
        description="A new password takes preference images besides a mailed link; without, the link alone.",
        examples=["false"],
    )
    setup_deferrals: int = Field(
        0, ge=0, le=100, description="How often a parent can put the security set-up off.", examples=["3"]
    )
    watch_interval: float = _Seconds(
        default=2.0, le=3600, description="Seconds between looks for changes in the SIS.", examples=["2"]
    )
    settle_window: float = Field(
        600.0,
        ge=0,
        le=86_400,
        allow_inf_nan=False,
        description="Seconds for which a grade, score or mark must rest before families are told of it.",
        examples=["600"],
    )
    wake: Annotated[str, AfterValidator(wake_line)] | None = Field(
        None,
        repr=False,
        description="How several processes wake each other: a Redis, or `notify` by a portal store on PostgreSQL.",
        examples=["redis://127.0.0.1:6379/0"],
    )
    shared_rows: int = Field(
        200_000,
        ge=0,
        description="Rows kept in memory of what many students share, while the SIS does not change; 0 keeps none.",
        examples=["0"],
    )
    readers: int = Field(4, ge=1, le=64, description="Connections held to the SIS.", examples=["4"])
    statement_timeout: float = _Seconds(
        default=3.0, le=60, description="Seconds that one statement may take.", examples=["3"]
    )
    operation_timeout: float = _Seconds(
        default=10.0, le=120, description="Seconds that one operation may take.", examples=["10"]
    )
    answer_memory: int = Field(
        64 * 2**20,
        ge=0,
        le=2**40,
        description="Bytes for answers that are given again while nothing changes; 0 computes every answer.",
        examples=["67108864"],
    )
    told_memory: int = Field(
        64 * 2**20,
        ge=0,
        le=2**40,
        description="Bytes for what is told of one student to each of the guardians; 0 reads it for each anew.",
        examples=["67108864"],
    )
    pepper: Annotated[SecretStr, AfterValidator(long_enough)] | None = Field(
        None,
        description="A secret mixed into password hashes.",
        examples=["$(openssl rand -hex 32)"],
    )
    pepper_file: Path | None = Field(
        None, description="The file that holds the pepper.", examples=["/run/secrets/homeroom-pepper"]
    )
    seal_file: Path | None = Field(
        None,
        description="The file with the key that seals the portal store's secrets; beside a SQLite store where not set.",
        examples=["/run/secrets/homeroom-seal"],
    )
    registration: Annotated[Path, AfterValidator(folder)] | None = Field(
        None,
        description="The folder of registration forms, one .toml file for each school year; no registration without.",
        examples=["registration"],
    )
    uploads: Annotated[Path, AfterValidator(folder)] | None = Field(
        None,
        description="The folder that keeps what families hand in, sealed; no documents are taken without.",
        examples=["/var/lib/homeroom/uploads"],
    )
    upload_scan: Annotated[str, AfterValidator(command_line)] | None = Field(
        None,
        description="A virus scanner's command, given the file's path; exit code 0: clean, 1: infected, else: held.",
        examples=["clamdscan --fdpass --no-summary"],
    )
    today: date | None = Field(None, description="Pretend that it is this day.", examples=["2026-11-23"])
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto is console on a terminal, JSON lines elsewhere.", examples=["json"]
    )

    @model_validator(mode="before")
    @classmethod
    def _secure_by_public_url(cls, given: Any) -> Any:
        if "secure_cookies" in given:
            return given
        return {**given, "secure_cookies": str(given.get("public_url", "")).strip().lower().startswith("https:")}

    @field_validator("smtp_url")
    @classmethod
    def _with_sender(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is not None and info.data.get("mail_from", "") is None:
            raise ValueError("HOMEROOM_MAIL_FROM must be set as well: a mail needs its sender.")
        return url

    @field_validator("push_key_file")
    @classmethod
    def _with_contact(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        known = [info.data.get(name) for name in ("support_email", "mail_from")]
        if path is not None and not any(known) and not (info.data.get("public_url") or "").startswith("https:"):
            raise ValueError("HOMEROOM_SUPPORT_EMAIL must be set as well: push services want to know whom to write to.")
        return path

    @field_validator("apns_key_file")
    @classmethod
    def _with_app(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None and any(info.data.get(f"apns_{name}", "") is None for name in ("key_id", "team", "topic")):
            raise ValueError("HOMEROOM_APNS_KEY_ID, HOMEROOM_APNS_TEAM and HOMEROOM_APNS_TOPIC must be set as well.")
        return path

    @field_validator("pepper_file")
    @classmethod
    def _readable(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None:
            if info.data.get("pepper") is not None:
                raise ValueError("HOMEROOM_PEPPER is set as well: leave one of them out.")
            pepper_in(path)
        return path

    @field_validator("seal_file")
    @classmethod
    def _holds_key(cls, path: Path | None) -> Path | None:
        if path is not None:
            seal_key_in(path)
        return path

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the caller forces, over the environment, over the file."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=_config_file())
        return init_settings, EnvSettingsSource(settings_cls), file


def load_settings(**forced: Any) -> Settings:
    """The settings, `forced` ones above all others; SettingsInvalid, which names every faulty one."""
    faults = [Fault(name, *_unknown(name, _variables())) for name in _unknown_variables()]
    try:
        settings = Settings(**forced)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at [^()]*\)$", str(error))
        faults.append(
            Fault(CONFIG, f"{_config_file().name} is not TOML {place.group() if place else ''}".strip() + ".")
        )
    except (OSError, UnicodeDecodeError):
        faults.append(Fault(CONFIG, f"{_config_file().name} cannot be read as text."))
    except ValidationError as error:
        faults += _faults(error)
    if CONFIG in os.environ and os.environ[CONFIG] and not _config_file().is_file():
        faults.append(Fault(CONFIG, "There is no such file.", f"{CONFIG}=/etc/homeroom.toml"))
    if faults:
        raise SettingsInvalid(tuple(faults))
    if settings.pepper_file is None:
        return settings
    return settings.model_copy(update={"pepper": SecretStr(pepper_in(settings.pepper_file))})


def _config_file() -> Path:
    return Path(os.environ.get(CONFIG) or CONFIG_DEFAULT)


def _variables() -> list[str]:
    return [PREFIX + name.upper() for name in Settings.model_fields]


def _unknown_variables() -> list[str]:
    known = {*_variables(), CONFIG}
    ours = (name for name in os.environ if name.upper().startswith(PREFIX))
    return sorted(name for name in ours if name.upper() not in known and not name.startswith(TESTS_PREFIX))


def _unknown(name: str, known: list[str]) -> tuple[str]:
    near = get_close_matches(name.upper() if known[0].isupper() else name.lower(), known, n=1)
    return (f"There is no such setting.{f' Did you mean {near[0]}?' if near else ''}",)


def _faults(error: ValidationError) -> list[Fault]:
    """One fault for each setting, in our words where pydantic's own would speak of models."""
    found: dict[str, Fault] = {}
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        field = str(detail["loc"][0]) if detail["loc"] else ""
        name = PREFIX + field.upper()
        if detail["type"] == "extra_forbidden":
            found.setdefault(
                name, Fault(f"{field} in {_config_file().name}", *_unknown(field, list(Settings.model_fields)))
            )
            continue
        message = detail["msg"].removeprefix("Value error, ").replace("Input should", "It should", 1)
        problem = "It is not set." if detail["type"] == "missing" else message.rstrip(".") + "."
        examples = Settings.model_fields[field].examples or [""]
        found.setdefault(name, Fault(name, problem, f"{name}={examples[0]}"))
    return list(found.values())

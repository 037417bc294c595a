"""What the text of a setting may be: each function gives the value that it means, or refuses with ValueError.

No message repeats the text, which may be a secret in the wrong place.
"""

import re
import shlex
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr

from gateway.push.accounts import service_account_in
from gateway.push.tokens import elliptic_key_in
from loaders.adapter import BUILT_IN, find_adapter
from loaders.database.address import read_address
from loaders.errors import AdapterInvalid, AddressInvalid
from loaders.wakes.lines import is_wake

PEPPER_LENGTH = 16
SEAL_KEY_BYTES = 32


def database_url(url: str) -> str:
    """A URL that names a database; it is never repeated."""
    try:
        read_address(url)
    except AddressInvalid as error:
        raise ValueError(str(error)) from None
    return url


def adapter_name(name: str) -> str:
    """A built-in adapter's name, or an adapter's folder."""
    try:
        find_adapter(name)
    except AdapterInvalid:
        names = ", ".join(sorted(path.parent.name for path in BUILT_IN.glob("*/adapter.toml")))
        raise ValueError(f"There is no such adapter: name one of {names}, or a folder with an adapter.toml.") from None
    return name


def time_zone(name: str) -> str:
    """An IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("That is not an IANA time zone.") from None
    return name


def mailbox(text: str) -> str:
    """An e-mail address."""
    if not re.fullmatch(r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\"]+", text):
        raise ValueError("That is not an e-mail address.")
    return text


def mail_server(url: str) -> str:
    """The URL of an SMTP server; it is never repeated, for it may hold a password."""
    refusal = ValueError("It must be smtp:// or smtps://, a host, and nothing behind the port.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise refusal from None
    plain = parts.scheme in ("smtp", "smtps") and parts.hostname and not parts.query and not parts.fragment
    if not plain or parts.path not in ("", "/") or port == 0 or (parts.password and not parts.username):
        raise refusal
    return url


def origin(text: str) -> str:
    """Scheme, host and port as a browser writes them in an Origin header."""
    refusal = ValueError("An origin is http:// or https:// and a host, without a path, a user or a wildcard.")
    try:
        parts = urlsplit(text.strip().lower().rstrip("/"))
        port = parts.port
    except ValueError:
        raise refusal from None
    host = parts.hostname or ""
    plain = parts.scheme in ("http", "https") and parts.netloc in (f"{_bracketed(host)}:{port}", _bracketed(host))
    if not plain or parts.path or parts.query or parts.fragment or not re.fullmatch(r"[a-z0-9.\-]+|[0-9a-f:.]+", host):
        raise refusal
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{_bracketed(host)}" + (f":{port}" if port not in (None, default) else "")


def network(text: str) -> str:
    """An IP address, or a network in CIDR notation."""
    try:
        return str(ip_network(text.strip())) if "/" in text else str(ip_address(text.strip()))
    except ValueError:
        raise ValueError(
            "A proxy is an IP address, or a network like 10.0.0.0/8; never a name or a wildcard."
        ) from None


def listed(value: object) -> object:
    """A text with commas as the list it means."""
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


def host_name(text: str) -> str:
    """An IP address or a host name."""
    try:
        ip_address(text)
    except ValueError:
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?", text):
            raise ValueError("That is neither an address nor a host name.") from None
    return text


def pepper_in(path: Path) -> str:
    """The pepper that a file holds, without the white space around it."""
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError("That file cannot be read as text.") from None
    return long_enough(SecretStr(text)).get_secret_value()


def seal_key_in(path: Path) -> bytes:
    """The key that a file holds, in hexadecimal with white space around it."""
    refusal = ValueError(
        f"That file holds no key of {SEAL_KEY_BYTES} bytes in hexadecimal: make one by `openssl rand -hex 32`."
    )
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError):
        raise refusal from None
    if len(key) < SEAL_KEY_BYTES:
        raise refusal
    return key


def signing_key_file(path: Path) -> Path:
    """A file with a private key of P-256, as PEM."""
    elliptic_key_in(path)
    return path


def google_account_file(path: Path) -> Path:
    """A file with a service account of Google's, as JSON."""
    service_account_in(path)
    return path


def apple_id(text: str) -> str:
    """An id of ten characters, as Apple gives keys and teams."""
    if not re.fullmatch(r"[A-Z0-9]{10}", text):
        raise ValueError("It must be the ten capital letters and digits that Apple gives.")
    return text


def bundle_id(text: str) -> str:
    """A bundle id of an app."""
    if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        raise ValueError("It must be a bundle id, names with dots between.")
    return text


def folder(path: Path) -> Path:
    """A folder, there already or to be made."""
    if path.exists() and not path.is_dir():
        raise ValueError("That is no folder.")
    return path


def command_line(text: str) -> str:
    """A program with its arguments, as a shell reads them; no shell runs it."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError("That is no command: a quotation mark is open.") from None
    if not words:
        raise ValueError("It names no program.")
    return text


def long_enough(secret: SecretStr) -> SecretStr:
    """A secret that cannot be guessed for its shortness."""
    if len(secret) < PEPPER_LENGTH:
        raise ValueError(f"It must have at least {PEPPER_LENGTH} characters.")
    return secret


def wake_line(text: str) -> str:
    """`notify`, or the URL of a Redis; it is never repeated, for it may hold a password."""
    if not is_wake(text):
        raise ValueError("It must be `notify`, or redis:// or rediss:// and a host.")
    return text


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host

"""Who we are to Google and Apple: the accounts and keys that their consoles give, read once."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.push.tokens import rsa_key


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Who we are to Google: a project, and an account that may send in its name."""

    project: str
    email: str
    key_id: str
    token_url: str
    key: rsa.RSAPrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppleKey:
    """Who we are to Apple: a team, a key of its, and the app (its bundle id) that is told."""

    team: str
    key_id: str
    topic: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)


def service_account_in(path: Path) -> ServiceAccount:
    """The service account in the JSON file that Google's console gives; ValueError where it is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
        texts = [found[name] for name in ("project_id", "client_email", "private_key_id", "token_uri", "private_key")]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError
        project, email, key_id, token_url, key = texts
        if urlsplit(token_url).scheme != "https" or not project.replace("-", "").isalnum():
            raise ValueError
        return ServiceAccount(project, email, key_id, token_url, rsa_key(key))
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError("That file holds no service account of Google's, as its console gives it in JSON.") from None

"""Tokens: made, known by their hash, and good for so long."""

import hashlib
import re
import secrets
from datetime import datetime

from loaders.portal.sessions import Session, Tokens
from resolvers.context import ClientKind
from resolvers.portal.service import Lifetimes

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def token_hash(token: str) -> str:
    """The SHA-256 under which a token is known to the store; a token of 256 random bits needs no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def is_token(text: str) -> bool:
    """Whether the text can be a token of ours at all: 256 bits in URL-safe base64."""
    return _TOKEN.fullmatch(text) is not None


def holds(session: Session, now: datetime) -> bool:
    """Whether the session itself goes on, whichever of its tokens is shown."""
    return session.ended_at is None and session.disabled_at is None and now < session.absolute_expires_at


def idle_expiry(lifetimes: Lifetimes, now: datetime, absolute_expires_at: datetime) -> datetime:
    """Until when a WEB session holds that is used now and then no more."""
    return min(now + lifetimes.web_idle, absolute_expires_at)


def issue(
    lifetimes: Lifetimes, client: ClientKind, now: datetime, absolute: datetime | None = None
) -> tuple[str, str | None, Tokens, datetime]:
    """New tokens of 256 random bits, what the store keeps of them, and the end of the session whatever happens."""
    access = secrets.token_urlsafe(32)
    if client is ClientKind.WEB:
        end = absolute or now + lifetimes.web_absolute
        return access, None, Tokens(token_hash(access), idle_expiry(lifetimes, now, end)), end
    end = absolute or now + lifetimes.mobile_absolute
    refresh_token = secrets.token_urlsafe(32)
    tokens = Tokens(
        token_hash(access),
        min(now + lifetimes.mobile_token, end),
        token_hash(refresh_token),
        min(now + lifetimes.mobile_refresh, end),
    )
    return access, refresh_token, tokens, end

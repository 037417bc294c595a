"""The push services that the settings set up, and what they offer to devices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.push.accounts import AppleKey, service_account_in
from gateway.push.apns import SANDBOX, URL, Apns
from gateway.push.fcm import Fcm
from gateway.push.network import Network
from gateway.push.service import PushService
from gateway.push.tokens import elliptic_key_in, public_key
from gateway.push.web_push import WebPush
from gateway.settings import Settings
from resolvers.portal.push_offer import Platform, PushOffer


@dataclass(frozen=True, slots=True)
class PushServices:
    """The services by their platforms, over one network."""

    network: Network
    by_platform: Mapping[Platform, PushService]
    offer: PushOffer

    async def close(self) -> None:
        """Closes every connection to them."""
        await self.network.close()


def push_services(settings: Settings, now: Callable[[], datetime]) -> PushServices:
    """The services that these settings set up; perhaps none."""
    network = Network(private=settings.push_private)
    services: dict[Platform, PushService] = {}
    web_key = None
    if settings.push_key_file is not None:
        key = elliptic_key_in(settings.push_key_file)
        web_key = public_key(key)
        services[Platform.WEB_PUSH] = WebPush(network, key, _contact(settings), now)
    if settings.fcm_account_file is not None:
        services[Platform.FCM] = Fcm(network, service_account_in(settings.fcm_account_file), now)
    if settings.apns_key_file is not None:
        apple = AppleKey(
            team=settings.apns_team or "",
            key_id=settings.apns_key_id or "",
            topic=settings.apns_topic or "",
            key=elliptic_key_in(settings.apns_key_file),
        )
        services[Platform.APNS] = Apns(network, apple, now, url=SANDBOX if settings.apns_sandbox else URL)
    return PushServices(network, services, PushOffer(web_key, frozenset(services), settings.push_private))


def _contact(settings: Settings) -> str:
    """Whom a push service writes to where something is wrong with what we send (RFC 8292, 2.1)."""
    mailbox = settings.support_email or settings.mail_from
    return f"mailto:{mailbox}" if mailbox else settings.public_url or ""

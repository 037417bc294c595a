"""What leaves the house: taken out of the portal store when it is due, and tried again until it is gone or given up."""

from gateway.outbox.outcomes import Undeliverable, Unreachable, Unwanted
from gateway.outbox.rounds import Rounds
from gateway.outbox.worker import Lane, Outbox

__all__ = ["Lane", "Outbox", "Rounds", "Undeliverable", "Unreachable", "Unwanted"]

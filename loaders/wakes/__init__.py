"""Wakes: how several gateways over one portal store tell each other, at once, that something was logged."""

from loaders.wakes.calls import Line, Wakes
from loaders.wakes.lines import WakeUnavailable, line_to

__all__ = ["Line", "WakeUnavailable", "Wakes", "line_to"]

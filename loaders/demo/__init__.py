"""The made district: invented families in a home store, to try the gateway and to test it."""

from loaders.demo.district import District, make_district
from loaders.demo.people import Case

__all__ = ["Case", "District", "make_district"]

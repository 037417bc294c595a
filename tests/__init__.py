"""Laws, journeys and snapshots; mirrors the packages."""

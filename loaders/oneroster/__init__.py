"""OneRoster 1.2 bundles: written for the school's own system to import."""

"""The data: statements over relations, the databases that answer them, the adapters that describe them."""

"""The made district."""

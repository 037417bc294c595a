"""Tests of the edge: protocols, limits and errors."""

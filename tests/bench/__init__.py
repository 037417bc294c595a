"""Measurements: scripts that print figures, never asserted in a test."""

"""Journeys: what users do, with the real command line, a real server and real clients."""

"""The edge: transports, limits, errors, accounts at the door, the command line."""

"""Orders: everything that changes anything. Each is checked, then done, in one transaction with its audit row."""

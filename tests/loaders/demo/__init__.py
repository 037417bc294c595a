"""What the made district promises."""

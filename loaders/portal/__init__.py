"""The portal store: what families do here, in a database of its own."""

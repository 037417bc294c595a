"""Notifications: what guardians want to be told, what there is to tell, and when and how each is told."""

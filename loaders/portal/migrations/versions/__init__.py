"""The revisions, in the order that each names by its `down_revision`."""

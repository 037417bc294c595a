"""The meaning: who may see what, and what each field of a level is, in plain Python."""

"""The registration form: a file that a district owns, read once and strictly."""

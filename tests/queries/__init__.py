"""The SQL that a dozen documents make, beside their answers: written down, and compared with what runs."""

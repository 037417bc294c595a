"""Homeroom beside what people would pick instead: same data, same queries, one machine."""

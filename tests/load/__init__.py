"""Benchmarks (``make bench``): they print and write tables, and fail only when something is lost or doubled (NF4)."""

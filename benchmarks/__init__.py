"""Benchmarks: each prints what it measured beside its limit, taken in the same run on the same machine."""

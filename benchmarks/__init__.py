"""How fast wsocket is, beside others: `python -m benchmarks`, or `make bench`."""

"""What is fuzzed: a file for each target, with its function ``run_one(data)``.

It checks what must hold for any bytes, and returns what came out. The same bytes have
the same outcome in every build of the package, so builds can be compared.
"""

"""Fuzz: thousands of broken inputs through the command line, each repeatable by its number.

A case is files and one command line, both drawn from `(seed, number)`. Whatever they are: exit code 0, 2 or 75, no
traceback, no hang, a short message, nothing half-written, and as many rows out as in, but for those that were reported.

    python -m tests.fuzz 5000 --seed 1       # or: make fuzz N=5000 SEED=1
    python -m tests.fuzz --case 1234         # one case again, its folder kept
"""

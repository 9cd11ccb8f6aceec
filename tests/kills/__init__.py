"""Commands killed at random moments: the same command afterwards ends as one that was left alone.

    python -m tests.kills 100 --seed 1       # or: make kills N=100

Each kill is a SIGKILL, SIGTERM, SIGINT or SIGHUP at a moment drawn from the time that the command takes. Then no file
under its final name is half-written, the same command ends well, and its result is that of the command alone.
"""

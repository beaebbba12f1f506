"""`make mutants`: change the code that everything stands on, one place at a time, and see whether a test notices.

    python -m tests.mutants [PART OF A FILE'S NAME…] [--most MUTANTS]

Each mutant is judged by the tests that `targets.toml` names for its file, until the first one fails. What lives and is
not listed there as `equivalent`, with why, fails the run.
"""

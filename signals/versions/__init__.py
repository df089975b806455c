"""Versions of the numbers behind a verdict: drafts, what they would do, and which are in force."""

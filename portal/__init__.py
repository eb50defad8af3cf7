"""Wiring and shell: the only package that sees all others."""

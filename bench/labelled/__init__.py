"""Labelled columns of our own making: what must be found, under good, poor and no names, and what only looks like it."""

"""A business table, and the processes that write to it: with our log, with a peer's, and with none."""

"""The data check: what careful people look for in a corpus before training, one module per check."""

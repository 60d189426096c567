"""The data check: what a careful person looks for in a corpus before training, one module a check."""

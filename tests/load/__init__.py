"""The bench: what the product does under load, beside a plain twin on the same machine in the same minutes."""

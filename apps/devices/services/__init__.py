"""The kitchen: one file per journey."""

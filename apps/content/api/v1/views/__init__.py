"""The endpoints of the sample product, version 1: one file for each journey."""

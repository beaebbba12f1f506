"""The endpoints of accounts, version 1: one file for each journey."""

"""Campaigns: written, released, written into the ledger, watched."""

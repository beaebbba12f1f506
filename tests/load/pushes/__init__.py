"""Pushes per second: ours, with the ledger on, beside loops over fcm-django and aioapns to the same server."""

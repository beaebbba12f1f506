"""From a fresh clone to a running product in one command: services, every process, one terminal.

Standard library only, and neither Django nor settings: this runs before there is a database.
"""

"""A crowd with a phone each, a campaign to all of them, and people who are told something meanwhile."""

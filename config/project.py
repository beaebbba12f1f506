"""What this product is called: the only file that a clone edits to take the name over."""

NAME = "Groundwork"
SLUG = "groundwork"
VERSION = "0.1.0"
TAGLINE = "The backend a mobile team clones on day one and still runs in year five."
CONTACT_EMAIL = "team@groundwork.example"
PROBLEM_BASE = "https://groundwork.example/problems/"

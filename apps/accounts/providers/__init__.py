"""Other issuers of identities: their keys, their tokens, and what Apple wants to be told."""

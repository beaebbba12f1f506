"""One person with very many phones, who is told one thing."""

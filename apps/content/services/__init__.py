"""The kitchen: what people do with posts; each verb checks, locks and counts in one transaction of its own."""

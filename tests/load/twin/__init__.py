"""The twin: the same tables and the same JSON, written the way Django REST framework's tutorial and simplejwt's do."""

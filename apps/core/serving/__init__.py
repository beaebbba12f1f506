"""The web server's worker: gunicorn's threaded one, with a short way for the requests that phones send all day."""

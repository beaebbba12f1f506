"""Server-sent events: an inbox as it changes, told to the apps that are open.

`GET events` is admitted like any request and answers at once with what there is to say. In the stream server (`hub.py`,
`asgi.py`) that answer goes on; anywhere else it ends there, and the app asks again.
"""

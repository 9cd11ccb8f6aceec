"""Clients of `bertkit serve`.

    from bertkit.serve.client import Client

    with Client("http://127.0.0.1:8000") as client:
        client.predict("support", ["where is my parcel?"])

`AsyncClient` is the same with `await`. All that is not input or output is shared: what is asked and how replies are
read (questions.py), when to try again (retrying.py), and how rows are cut (batching.py).
"""

from bertkit.serve.client.asynchronous import AsyncClient
from bertkit.serve.client.synchronous import Client

__all__ = ["AsyncClient", "Client"]

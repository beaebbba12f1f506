"""What authors do before a test begins: posts on the desk, in any state, written through the wire."""

from typing import Any

from tests.phone import Phone

WORDS = {"title": "Harbour lights", "summary": "What the night ferry sees.", "body": "Lamps."}


def drafted(phone: Phone, **words: Any) -> dict[str, Any]:
    """Write a draft; return it."""
    answer = phone.post("posts", WORDS | words)
    assert answer.status == 201, answer.content
    return answer.json


def published(phone: Phone, **words: Any) -> dict[str, Any]:
    """Write a post and publish it; return it."""
    answer = phone.post(f"posts/{drafted(phone, **words)['id']}/publish")
    assert answer.status == 200, answer.content
    return answer.json


def archived(phone: Phone, **words: Any) -> dict[str, Any]:
    """Write a post, publish it and put it away; return it."""
    answer = phone.post(f"posts/{published(phone, **words)['id']}/archive")
    assert answer.status == 200, answer.content
    return answer.json


def deleted(phone: Phone, **words: Any) -> dict[str, Any]:
    """Write a post, publish it and delete it; return it as it was."""
    post = published(phone, **words)
    assert phone.delete(f"posts/{post['id']}", if_match="*").status == 204
    return post


def commented(phone: Phone, post_id: str, body: str = "Lovely.", **more: Any) -> dict[str, Any]:
    """Say something to a post; return the comment."""
    answer = phone.post(f"posts/{post_id}/comments", {"body": body, **more})
    assert answer.status == 201, answer.content
    return answer.json


def shared(phone: Phone, post_id: str, user_id: str, role: str = "viewer") -> dict[str, Any]:
    """Share a post with somebody; return the share."""
    answer = phone.put(f"posts/{post_id}/collaborators/{user_id}", {"role": role})
    assert answer.status == 200, answer.content
    return answer.json

"""The fields that shapes of content are made of, in every version."""

import re
import unicodedata
from typing import Any

from rest_framework import serializers

# What turns the text around it or hides inside it. Joiners stay: emoji and Persian are written with them.
_DECEPTIVE = re.compile("[\u200b\u202a-\u202e\u2060-\u2069\ufeff]")
_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class WordsField(serializers.CharField):
    """What a person writes: NFC, lines end in a line feed, no other control characters."""

    default_error_messages = {
        "control": "Control characters are not allowed here.",
        "one_line": "Write this in one line.",
    }

    def __init__(self, *, one_line: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.one_line = one_line

    def to_internal_value(self, data: Any) -> str:
        text = unicodedata.normalize("NFC", super().to_internal_value(data))
        text = text.replace("\r\n", "\n")
        if self.one_line and re.search(r"[\n\t]", text):
            self.fail("one_line")
        if _NOT_TEXT.search(text) or (self.one_line and _DECEPTIVE.search(text)):
            self.fail("control")
        return text

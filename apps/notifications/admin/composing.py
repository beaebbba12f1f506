"""The form in which a campaign is written: its words in each language, for whom, and when."""

from typing import Any

from django import forms
from django.conf import settings

from apps.core.clients import PLATFORMS
from apps.notifications.kinds import KINDS
from apps.notifications.models import Campaign
from apps.notifications.rendering import MAX_BODY, MAX_TITLE

WORDS = tuple((f"title_{code}", f"body_{code}") for code, _ in settings.LANGUAGES)


class CampaignForm(forms.ModelForm):
    """Two fields for the words of each language; a language that is left empty falls back to the product's own."""

    kind = forms.ChoiceField(
        choices=[
            (name, f"{name} ({kind.category})") for name, kind in KINDS.items() if kind.is_composed
        ],
        help_text="Marketing reaches only those who asked for it; news all but those who said no. By mail, both go"
        " to those who asked for that.",
    )
    platforms = forms.MultipleChoiceField(
        choices=[(platform, platform) for platform in PLATFORMS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: all.",
    )
    for code, name in settings.LANGUAGES:
        locals()[f"title_{code}"] = forms.CharField(
            label=f"Title, {name}", max_length=MAX_TITLE, required=False
        )
        locals()[f"body_{code}"] = forms.CharField(
            label=f"Text, {name}",
            max_length=MAX_BODY,
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    class Meta:
        model = Campaign
        fields = (
            *("title", "kind", "link", "image", "platforms", "minimum_version", "below_version"),
            *("locales", "seen_within_days", "unseen_for_days", "groups", "flag", "percentage"),
            *("send_on", "send_at", "time_zone", "pace"),
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for code, words in self.instance.content.items():
            for part, text in words.items():
                self.initial.setdefault(f"{part}_{code}", text)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        content = {
            code: {"title": _line(given.get(title)), "body": _line(given.get(body))}
            for (code, _), (title, body) in zip(settings.LANGUAGES, WORDS, strict=True)
        }
        self.instance.content = {code: said for code, said in content.items() if any(said.values())}
        return given


def _line(text: str | None) -> str:
    """Write a text as phones show it: in one paragraph."""
    return " ".join((text or "").split())


class TestForm(forms.Form):
    """Who gets a campaign before everybody does."""

    to = forms.CharField(
        label="Addresses, or ids of installations",
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

"""What is shown of one campaign beside its fields: how it will read, how far it is, and what came of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.core.dashboard import Panel, Row, Tone
from apps.notifications.models import Campaign
from apps.notifications.models.campaign import State
from apps.notifications.models.delivery import State as Fate
from apps.notifications.selectors import audience
from apps.notifications.selectors.campaigns import Progress, progress_of
from apps.notifications.services import campaigns

# What can be done to a campaign, by where it stands; the first is the expected one.
_VERBS: dict[str, tuple[str, ...]] = {
    State.DRAFT: ("release", "submit", "test"),
    State.AWAITING: ("release", "take_back", "test"),
    State.SCHEDULED: ("take_back", "stop"),
    State.RUNNING: ("pause", "stop"),
    State.PAUSED: ("resume", "stop"),
    State.FINISHED: (),
    State.STOPPED: (),
}
_LABELS = {"submit": "Ask for a second pair of eyes", "take_back": "Take back"}
_TONES: dict[str, Tone] = {Fate.FAILED: "bad", Fate.EXPIRED: "warn", Fate.SUPPRESSED: "warn"}
_MOST = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the outcome chart, in its units."""

    label: str
    value: int
    share: str
    y: int
    width: float
    tone: Tone

    @property
    def end(self) -> float:
        """Where its number stands."""
        return self.width + 8


@dataclass(frozen=True)
class Bars:
    """What became of all pushes, as far as there are any: from the queue to the tap."""

    LEFT, WIDTH, STEP = 110, 520, 26

    counted: Counter[str]

    @property
    def total(self) -> int:
        return self.counted.total()

    @property
    def height(self) -> int:
        return len(self.bars) * self.STEP

    @property
    def bars(self) -> Sequence[Bar]:
        longest = max(self.counted.values(), default=0) or 1
        states = [state for state in Fate.values if self.counted[state]]
        return [
            Bar(
                state,
                self.counted[state],
                f"{100 * self.counted[state] / self.total:.1f} %",
                place * self.STEP,
                round(max(self.counted[state] / longest * (self.WIDTH - 2 * self.LEFT), 1), 1),
                _TONES.get(state, ""),
            )
            for place, state in enumerate(states)
        ]


def verbs_of(campaign: Campaign) -> Sequence[str]:
    """Return what can be done to a campaign now; where two pairs of eyes are asked for, a draft is not released."""
    verbs = _VERBS[campaign.state]
    return verbs[1:] if campaign.is_writable and settings.CAMPAIGN_FOUR_EYES else verbs


def context(campaign: Campaign, verbs: Iterable[str]) -> dict[str, Any]:
    """Return what the page of a campaign shows beside the form."""
    return {
        "campaign": campaign,
        "verbs": [(verb, _LABELS.get(verb, verb.capitalize())) for verb in verbs if verb != "test"],
        "can_test": "test" in verbs,
        "previews": _previews(campaign),
        "started": _started(campaign) if campaign.started_at else None,
        "count": None if campaign.started_at else audience.count_audience(campaign),
    }


def _previews(campaign: Campaign) -> list[dict[str, Any]]:
    own = campaign.content.get(settings.LANGUAGE_CODE, {})
    return [
        {
            "language": name,
            **(campaign.content.get(code) or own),
            "falls_back": code not in campaign.content,
        }
        for code, name in settings.LANGUAGES
        if own or code in campaign.content
    ]


def _started(campaign: Campaign) -> dict[str, Any]:
    outcomes = campaigns.outcomes_of(campaign)
    pushes = [one for one in outcomes if one["channel"] == "push"]
    progress = progress_of(campaign)
    return {
        "progress": progress,
        "chart": Bars(_sum(pushes, "state")),
        "panels": [
            Panel("The fan-out", _rows_of(campaign, progress)),
            Panel("By service", _by_service(pushes)),
            Panel("Why not", _reasons(outcomes)),
        ],
    }


def _rows_of(campaign: Campaign, progress: Progress) -> Sequence[Row]:
    planned = f"{progress.planned:,}" + ("" if campaign.planned_at else ", more to come")
    return [
        Row("chunks written", f"{progress.done:,} of {planned}"),
        Row("people told", f"{progress.told:,}"),
        Row("pushes queued", f"{progress.queued:,}"),
        Row("suppressed at once", f"{progress.suppressed:,}"),
    ]


def _by_service(pushes: Iterable[dict[str, Any]]) -> Sequence[Row]:
    """Count what each service said yes to, and no."""
    counted: Counter[tuple[str, str]] = Counter()
    for one in pushes:
        if one["provider"]:
            counted[one["provider"], one["state"]] += one["deliveries"]
    return [
        Row(f"{provider}: {state}", f"{number:,}", _TONES.get(state, ""))
        for (provider, state), number in sorted(counted.items())
    ]


def _reasons(outcomes: Iterable[dict[str, Any]]) -> Sequence[Row]:
    """Return the most common reasons for which somebody was not told, by class and code."""
    found = []
    for one in outcomes:
        if one["state"] in _TONES:
            why = " ".join(part for part in (one["failure"], one["reason"]) if part)
            label = f"{one['channel']} {one['state']}: {why}".replace("_", " ").rstrip(": ")
            found.append(Row(label, f"{one['deliveries']:,}", _TONES[one["state"]]))
    return found[:_MOST]


def _sum(outcomes: Iterable[dict[str, Any]], by: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    for one in outcomes:
        counted[one[by]] += one["deliveries"]
    return counted

"""Mail over a real socket: what each answer of a server means, and one connection for many messages."""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.core.mail import Written
from apps.notifications.providers import wire
from apps.notifications.providers.base import (
    AddressDead,
    CredentialsRejected,
    PushFailure,
    Receipt,
    Refused,
    RetryAfter,
    Unreachable,
)
from apps.notifications.providers.smtp import MailMessage, SmtpProvider
from tests.fakes.smtp import FakeSmtp

ADDRESS = "reader@example.test"


@pytest.fixture
def server(settings: Any) -> Iterator[FakeSmtp]:
    with FakeSmtp() as fake:
        settings.MAILERS = fake.mailers
        yield fake


@pytest.fixture
def provider(server: FakeSmtp) -> Iterator[SmtpProvider]:
    provider = SmtpProvider(connections=1)
    yield provider
    wire.run(provider.close()).result()


def mail(intent: str = "mail.1", to: str = ADDRESS, unsubscribe: str = "") -> MailMessage:
    return MailMessage(to, intent, Written("Hello", "Text\n.\n..dots", "<p>Text</p>"), unsubscribe)


def send(provider: SmtpProvider, message: MailMessage) -> Receipt:
    return wire.run(provider.send(message)).result()


def test_what_arrives(server: FakeSmtp, provider: SmtpProvider) -> None:
    link = "https://app.test/unsubscribe/" + "x" * 90

    receipt = send(provider, mail(unsubscribe=link))

    (taken,) = server.taken
    assert receipt.is_final
    assert taken.to == ADDRESS
    assert taken.id == "<mail.1@localhost>"
    assert taken.message["List-Unsubscribe"] == f"<{link}>"
    assert taken.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert taken.message.get_body(("plain",)).get_content().split() == ["Text", ".", "..dots"]  # type: ignore[union-attr]


def test_without_a_way_out_there_are_no_such_headers(
    server: FakeSmtp, provider: SmtpProvider
) -> None:
    send(provider, mail())

    assert not [name for name in server.taken[0].message if name.startswith("List-")]


@pytest.mark.parametrize(
    ("answer", "failure", "reason"),
    [
        ("550 5.1.1", AddressDead, "smtp_550_5.1.1"),
        ("550", AddressDead, "smtp_550"),
        ("550 5.7.1", Refused, "smtp_550_5.7.1"),
        ("552 5.2.2", Refused, "smtp_552_5.2.2"),
        ("450 4.2.0", RetryAfter, "smtp_450_4.2.0"),
        ("421 4.7.0", Unreachable, "smtp_421_4.7.0"),
        ("data:451 4.3.0", RetryAfter, "smtp_451_4.3.0"),
        ("data:554 5.7.1", Refused, "smtp_554_5.7.1"),
        ("data:421", Unreachable, "smtp_421"),
        ("cut", Unreachable, "disconnected"),
        ("hang", Unreachable, "timeout"),
    ],
)
def test_what_an_answer_means(
    server: FakeSmtp,
    provider: SmtpProvider,
    answer: str,
    failure: type[PushFailure],
    reason: str,
) -> None:
    server.plan(ADDRESS, answer)

    with pytest.raises(failure) as caught:
        send(provider, mail())

    assert caught.value.reason == reason
    assert ADDRESS not in str(caught.value)
    # Whatever it was, the next one arrives.
    send(provider, mail("mail.2", "other@example.test"))
    assert server.to("other@example.test")


def test_a_server_that_wants_somebody_else(server: FakeSmtp, provider: SmtpProvider) -> None:
    server.refuses_senders = True

    with pytest.raises(CredentialsRejected):
        send(provider, mail())


def test_nobody_listens(settings: Any) -> None:
    with FakeSmtp() as gone:
        settings.MAILERS = gone.mailers

    with pytest.raises(Unreachable) as caught:
        send(SmtpProvider(connections=1), mail())

    assert caught.value.reason == "unreachable"


def test_one_connection_for_many(server: FakeSmtp, provider: SmtpProvider) -> None:
    server.plan("bad@example.test", "550 5.1.1")
    for number in range(20):
        send(provider, mail(f"mail.{number}"))
    with pytest.raises(AddressDead):
        send(provider, mail("mail.bad", "bad@example.test"))
    send(provider, mail("mail.last"))

    assert len(server.taken) == 21
    assert server.connections == 1


def test_a_connection_that_went_while_nobody_looked_is_opened_anew(
    server: FakeSmtp, provider: SmtpProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(provider, mail())
    monkeypatch.setattr("apps.notifications.providers.smtp._IDLE_SECONDS", 0)
    server.hang_up()

    send(provider, mail("mail.2"))

    assert [one.id for one in server.taken] == ["<mail.1@localhost>", "<mail.2@localhost>"]
    assert server.connections == 2


def test_an_address_that_is_none_is_refused_here(provider: SmtpProvider) -> None:
    with pytest.raises(Refused) as caught:
        send(provider, mail(to="a@b\r\nBcc: all@example.test"))

    assert caught.value.reason == "unsendable"

"""What people see in a browser outside the admin: the start page, sent mail, failures."""

import html
import json
import re
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from config import project
from tests.core import local_urls
from tests.core.policy import refused_by_policy
from tests.phone import Phone

PEOPLE = [{"label": "Ada", "email": "ada@example.test", "password": "correct horse"}]


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret of the code")


urlpatterns = [*local_urls.urlpatterns, path("broken", broken)]
handler404 = "apps.core.http.errors.page_not_found"
handler500 = "apps.core.http.errors.server_error"


@pytest.fixture
def visitor(db: None) -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def at_home(settings, tmp_path: Path, db: None) -> Client:
    """A browser on the machine of a developer."""
    settings.LOCAL = True
    settings.LOCAL_STATE = tmp_path
    settings.MAIL_FOLDER = tmp_path / "mail"
    settings.ROOT_URLCONF = "tests.core.local_urls"
    return Client()


def write_mail(folder: Path, name: str, subject: str, html_part: str = "") -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        subject,
        "us@example.test",
        "ada@example.test",
    )
    message.set_content(f"{subject}: see http://127.0.0.1/ <b>now</b>")
    if html_part:
        message.add_alternative(html_part, subtype="html")
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(bytes(message))


# The start page


def test_the_start_page_says_what_runs_and_where_its_doors_are(visitor: Client) -> None:
    page = visitor.get("/")

    links = set(re.findall(r'href="(/[^"]*)"', page.content.decode()))
    assert project.NAME in page.content.decode()
    assert {"/api/v1/docs", "/api/v2/docs", "/admin/", "/metrics", "/livez", "/readyz"} <= links
    assert refused_by_policy(page) == []


def test_every_door_of_the_start_page_opens(at_home: Client) -> None:
    links = re.findall(r'<li><a href="([^"]+)"', at_home.get("/").content.decode())

    statuses = {link: at_home.get(link, follow=True).status_code for link in links}

    assert len(statuses) == 7
    assert set(statuses.values()) == {200}, statuses


def test_a_developer_is_told_who_may_sign_in(at_home: Client, tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text(json.dumps(PEOPLE))

    page = at_home.get("/").content.decode()

    assert "ada@example.test" in page
    assert "correct horse" in page
    assert 'href="/local/mail"' in page


def test_the_start_page_opens_before_there_is_demo_data(at_home: Client) -> None:
    assert "Or sign in as" not in at_home.get("/").content.decode()


def test_the_command_on_the_start_page_makes_an_account(at_home: Client) -> None:
    page = at_home.get("/").content.decode()
    command = html.unescape(page.split('<pre id="register">')[1].split("</pre>")[0])
    body = json.loads(command.split("-d '")[1].removesuffix("'"))

    answer = Phone().post("auth/register", body)

    assert "http://testserver/api/v1/auth/register" in command
    assert answer.status == 201
    assert answer.json["user"]["email"] == body["email"]


def test_elsewhere_nobody_learns_of_demo_accounts_mail_or_versions(
    visitor: Client, settings, tmp_path: Path
) -> None:
    settings.LOCAL_STATE = tmp_path
    (tmp_path / "demo.json").write_text(json.dumps(PEOPLE))

    answer = visitor.get("/")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "ada@example.test" not in page
    assert "Python" not in page
    assert "/local/" not in page
    assert visitor.get("/local/mail").status_code == 404


# Mail


def test_mail_is_listed_newest_first(at_home: Client, tmp_path: Path) -> None:
    write_mail(tmp_path / "mail", "20260101T000000.000001-aa.eml", "The first")
    write_mail(tmp_path / "mail", "20260101T000000.000002-bb.eml", "The second")

    page = at_home.get("/local/mail")

    assert page.content.index(b"The second") < page.content.index(b"The first")
    assert refused_by_policy(page) == []


def test_an_empty_mailbox_says_so(at_home: Client) -> None:
    assert b"Nothing has been sent yet" in at_home.get("/local/mail").content


def test_a_message_shows_its_text_escaped_and_frames_its_html(
    at_home: Client, tmp_path: Path
) -> None:
    write_mail(tmp_path / "mail", "one.eml", "Ünïcode & Söhne", "<h1>Hello</h1>")

    page = at_home.get("/local/mail/one.eml")

    text = page.content.decode()
    assert "<h1>Ünïcode &amp; Söhne</h1>" in text
    assert "&lt;b&gt;now&lt;/b&gt;" in text
    assert '<a href="http://127.0.0.1/"' in text
    assert '<iframe class="frame" sandbox src="/local/mail/one.eml/html"' in text
    assert refused_by_policy(page) == []


def test_the_framed_html_can_run_and_fetch_nothing(at_home: Client, tmp_path: Path) -> None:
    write_mail(tmp_path / "mail", "one.eml", "Hi", "<script>steal()</script><p>Hello</p>")

    framed = at_home.get("/local/mail/one.eml/html")

    policy = framed.headers["Content-Security-Policy"].split("; ")
    assert b"<p>Hello</p>" in framed.content
    assert {"default-src 'none'", "sandbox", "img-src data:", "form-action 'none'"} <= set(policy)
    assert not any(rule.startswith(("script-src", "connect-src")) for rule in policy)
    assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    "name",
    [
        "absent.eml",
        "..%2fsecret.eml",
        "%2e%2e%2fsecret.eml",
        "..",
        "..%5csecret.eml",
        "link.eml",
        "folder.eml",
        "*.eml",
        "notes.txt",
        "%252e%252e%252fsecret.eml",
    ],
)
def test_only_messages_of_the_mailbox_are_read(at_home: Client, tmp_path: Path, name: str) -> None:
    write_mail(tmp_path, "secret.eml", "Elsewhere")
    write_mail(tmp_path / "mail", "one.eml", "Hi")
    (tmp_path / "mail" / "notes.txt").write_text("not mail")
    (tmp_path / "mail" / "folder.eml").mkdir()
    (tmp_path / "mail" / "link.eml").symlink_to(tmp_path / "secret.eml")

    for address in (f"/local/mail/{name}", f"/local/mail/{name}/html"):
        answer = at_home.get(address)
        assert answer.status_code == 404
        assert b"Elsewhere" not in answer.content


# Failures


def test_an_unknown_address_gets_a_page(visitor: Client) -> None:
    page = visitor.get("/nowhere")

    assert page.status_code == 404
    assert b"Nothing is here" in page.content
    assert refused_by_policy(page) == []


@pytest.mark.urls("tests.core.test_pages")
def test_a_fault_gets_a_page_that_tells_nothing_of_the_code(visitor: Client) -> None:
    page = visitor.get("/broken")

    assert page.status_code == 500
    assert b"Something went wrong on our side" in page.content
    assert b"a secret of the code" not in page.content
    assert refused_by_policy(page) == []


def test_an_expired_form_gets_a_page(db: None) -> None:
    page = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})

    assert page.status_code == 403
    assert b"This form has expired" in page.content
    assert refused_by_policy(page) == []

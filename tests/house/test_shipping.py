"""What is shipped says what the code says: commands, variables, files, limits."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string

from apps.core.development.run import PROCESSES
from tests import stack

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
MANIFESTS = [
    document
    for path in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
    if document
]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = ("web", "stream", "worker", "sender", "beat", "migrate")
# What the image says itself, or a library reads.
KNOWN_ELSEWHERE = {"DJANGO_SETTINGS_MODULE", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PATH"}


def variables() -> set[str]:
    """What the product reads; `.env.example` is held to that by a test of its own."""
    return set(re.findall(r"^([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for manifest in MANIFESTS:
        if "template" in manifest.get("spec", {}):
            yield (
                manifest["metadata"]["name"].rpartition("-")[2],
                manifest["spec"]["template"]["spec"],
            )


def commands() -> dict[str, list[str]]:
    """Every command that a container of ours is given."""
    said = {
        f"compose {name}": shlex.split(COMPOSE["services"][name]["command"]) for name in OURS[1:]
    }
    for name, pod in pods():
        if command := pod["containers"][0].get("command"):
            said[f"cluster {name}"] = command
    return said


def test_workers_and_senders_listen_to_every_queue_and_nothing_else() -> None:
    places: dict[str, set[tuple[str, ...]]] = {}
    for name, command in commands().items():
        if "worker" in command:
            assert command[:4] == ["celery", "-A", "config", "worker"]
            queues = tuple(command[command.index("-Q") + 1].split(","))
            places.setdefault(name.split()[0], set()).add(queues)

    both = {settings.JOB_QUEUES, settings.STREAM_QUEUES}
    assert places == {"compose": both, "cluster": both}


def test_developers_have_the_same_workers() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for queues in (settings.JOB_QUEUES, settings.STREAM_QUEUES):
        assert f" -Q {','.join(queues)} " in makefile
    for name, queues in (("worker", settings.JOB_QUEUES), ("sender", settings.STREAM_QUEUES)):
        for command in (PROCESSES[name], stack.COMMANDS[name]):
            assert command[command.index("-Q") + 1] == ",".join(queues)


def test_clocks_run_our_scheduler() -> None:
    clocks = [command for command in commands().values() if "beat" in command]

    assert len(clocks) == 2
    for command in clocks:
        assert import_string(command[command.index("--scheduler") + 1].replace(":", "."))


@pytest.mark.parametrize("name", OURS)
def test_compose_names_only_variables_that_are_read(name: str) -> None:
    service = COMPOSE["services"][name]

    assert set(service["environment"]) <= variables()
    assert service["env_file"] == ".env"
    assert service["read_only"]


def test_manifests_name_only_variables_that_are_read() -> None:
    config = next(one for one in MANIFESTS if one["kind"] == "ConfigMap")
    extra = {entry["name"] for _, pod in pods() for entry in pod["containers"][0].get("env", ())}

    assert set(config["data"]) | extra <= variables()


def test_the_image_names_only_variables_that_are_read() -> None:
    final = DOCKERFILE.split("FROM python:3.13-slim\n")[1]
    named = set(re.findall(r"(?:ENV |^\s+)([A-Z0-9_]+)=", final, re.MULTILINE))

    assert "BIND" in named
    assert named - KNOWN_ELSEWHERE <= variables()


def test_everything_the_image_copies_is_there_and_let_through() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.MULTILINE)
    allowed = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }

    assert len(copied) == 6
    assert set(copied) == allowed
    assert all((ROOT / path).exists() for path in copied)


def test_the_final_image_gets_no_values_of_the_build_and_no_root() -> None:
    final = DOCKERFILE.split("FROM python:3.13-slim\n")[1]

    assert "check.env" not in final
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)


def test_pods_can_write_nowhere_and_become_nobody() -> None:
    assert len(list(pods())) == len(OURS)
    for name, pod in pods():
        container = pod["containers"][0]
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["runAsUser"] == 10001, name
        assert container["securityContext"]["readOnlyRootFilesystem"], name
        assert not container["securityContext"]["allowPrivilegeEscalation"], name
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
        assert {"requests", "limits"} <= set(container["resources"]), name


def test_stopping_takes_longer_than_what_is_under_way() -> None:
    from apps.notifications.management.commands import stream
    from config import gunicorn

    grace = {name: pod.get("terminationGracePeriodSeconds", 30) for name, pod in pods()}
    services = COMPOSE["services"]

    assert grace["worker"] > settings.JOB_LONGEST_LEASE
    assert int(services["worker"]["stop_grace_period"][:-1]) > settings.JOB_LONGEST_LEASE
    # The last exchange begins when its slice ends.
    longest = settings.JOB_SLICES["fcm"] + 2 * sum(settings.PUSH_TIMEOUTS)
    assert grace["sender"] > longest
    assert int(services["sender"]["stop_grace_period"][:-1]) > longest
    assert grace["web"] > gunicorn.graceful_timeout + 5
    assert grace["stream"] > stream.GRACE + 5
    assert int(services["stream"]["stop_grace_period"][:-1]) > stream.GRACE
    assert int(services["web"]["stop_grace_period"][:-1]) > gunicorn.graceful_timeout


def test_cache_and_broker_are_two_servers_and_only_the_cache_forgets() -> None:
    assert "noeviction" in COMPOSE["services"]["broker"]["command"]
    assert "allkeys-lru" in COMPOSE["services"]["cache"]["command"]
    environment = COMPOSE["services"]["web"]["environment"]
    assert environment["CACHE_URL"].split("/")[2] != environment["BROKER_URL"].split("/")[2]


def test_probes_ask_by_address_over_plain_http(db: None, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
    settings.ALLOWED_HOSTS = ["api.example.test"]

    for probe in ("/livez", "/readyz"):
        assert Client().get(probe, headers={"Host": "10.1.2.3:8000"}).status_code == 200
    assert Client().get("/api/v1/feed", headers={"Host": "10.1.2.3:8000"}).status_code == 400


def test_the_proxy_passes_what_the_application_takes() -> None:
    proxy = (ROOT / "deploy" / "nginx.conf").read_text()
    megabytes = int(re.search(r"client_max_body_size\s+(\d+)m;", proxy)[1])  # type: ignore[index]

    assert megabytes * 1024 * 1024 >= settings.MAX_BODY_BYTES
    assert "proxy_request_buffering     on;" in proxy
    assert "X-Forwarded-For   $remote_addr;" in proxy


def test_the_proxy_lets_streams_through_and_waits_for_longer_than_they_are_silent() -> None:
    proxy = (ROOT / "deploy" / "nginx.conf").read_text()
    events = re.search(r"location ~ (\S+) \{(.*?)\n    \}", proxy, re.DOTALL)
    assert events
    patience = int(re.search(r"proxy_read_timeout\s+(\d+)s;", events[2])[1])  # type: ignore[index]

    assert "_stream;" in events[2]
    assert re.search(r"proxy_buffering\s+off;", events[2])
    assert patience > 2 * settings.STREAM_HEARTBEAT
    for path, theirs in (
        ("/api/v1/events", True),
        ("/api/v1/feed", False),
        ("/api/v2/events", True),
    ):
        assert bool(re.search(events[1], path)) is theirs
    rules = [one for one in MANIFESTS if one["kind"] == "Ingress"]
    (path,) = rules[0]["spec"]["rules"][0]["http"]["paths"]
    assert f"^{path['path']}" == events[1]
    assert path["backend"]["service"]["name"].endswith("-stream")


def test_the_proxy_passes_pictures_on_their_own_host_and_nothing_else_there() -> None:
    proxy = (ROOT / "deploy" / "nginx.conf").read_text()
    pictures = proxy[proxy.index("server_name media.") :]
    upload, served, rest = re.split(r"\n    location ", pictures)[1:]
    megabytes = int(re.search(r"client_max_body_size\s+(\d+)m;", upload)[1])  # type: ignore[index]

    assert megabytes * 1024 * 1024 > settings.MEDIA_MAX_BYTES + 16 * 1024
    assert upload.startswith(f"= {settings.MEDIA_PATH}upload ")
    assert served.startswith(f"{settings.MEDIA_PATH} ")
    assert rest.startswith("/ { return 404; }")


def test_pictures_lie_where_the_image_lets_us_write() -> None:
    folder = re.search(r"MEDIA_FOLDER=(\S+)", DOCKERFILE)
    assert folder
    # Exports lie beside the folder, so it is one below what is ours.
    place = Path(folder[1]).parent.as_posix()
    assert f"install -d -o 10001 -g 10001 -m 0750 {place}" in DOCKERFILE
    for name in ("web", "worker"):
        assert COMPOSE["services"][name]["volumes"] == [f"media:{place}"]
    assert "media" in COMPOSE["volumes"]


def test_the_cluster_keeps_pictures_in_a_bucket() -> None:
    config = next(one for one in MANIFESTS if one["kind"] == "ConfigMap")["data"]

    assert config["MEDIA_STORAGE"] == "s3"
    assert {"MEDIA_ORIGIN", "S3_BUCKET", "S3_REGION"} <= set(config)


def test_checks_run_on_every_python_that_is_promised() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "check.yml").read_text())
    pythons = workflow["jobs"]["check"]["strategy"]["matrix"]["python"]
    floor = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())

    assert floor
    assert pythons[0] == floor[1]
    assert (ROOT / ".python-version").read_text().strip() in pythons

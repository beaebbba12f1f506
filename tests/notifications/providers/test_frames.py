"""Our HTTP/2 against a library that knows all of it, and against bytes that are none."""

import random
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes
from hypothesis import given
from hypothesis import strategies as st

from apps.notifications.providers.wire.frames import Broken, Frames

LINES = [
    (b":method", b"POST"),
    (b":scheme", b"https"),
    (b":authority", b"a.example"),
    (b":path", b"/3/device/x"),
]
TEXT = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=300)


class Book:
    """Notes what arrived."""

    def __init__(self) -> None:
        self.notes: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *what: self.notes.append((name, *what))


class Talk:
    """Our side and theirs, without a socket in between."""

    def __init__(self) -> None:
        self.book = Book()
        self.ours = Frames(self.book)
        self.theirs = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self.theirs.initiate_connection()
        self.heard: list[Any] = []
        self.exchange()

    def exchange(self) -> None:
        """Carry what each has to say to the other."""
        self.ours.receive(self.theirs.data_to_send())
        self.heard += self.theirs.receive_data(bytes(self.ours.out))
        self.ours.out.clear()
        self.ours.receive(self.theirs.data_to_send())


@given(
    st.lists(st.tuples(TEXT, TEXT), max_size=12), st.binary(max_size=4096), st.integers(0, 5_000)
)
def test_what_we_write_is_read_and_what_is_written_we_read(
    more: list[tuple[str, str]], content: bytes, size: int
) -> None:
    talk = Talk()
    lines = [*LINES, (b"authorization", b"bearer y" * 40)]
    lines += [(f"x-{name}".encode(), value.encode()) for name, value in more]

    stream = talk.ours.request(lines, content)
    talk.exchange()

    (request,) = [one for one in talk.heard if isinstance(one, RequestReceived)]
    assert [tuple(map(bytes, line)) for line in request.headers] == lines
    assert b"".join(one.data for one in talk.heard if isinstance(one, DataReceived)) == content
    assert any(isinstance(one, StreamEnded) for one in talk.heard)

    # Long enough for a header block in several frames; twice, for what the second may leave out.
    answer = [
        (b":status", b"410"),
        (b"apns-id", b"i" * size),
    ]
    talk.theirs.send_headers(stream, [(b":status", b"103"), *answer[1:]])
    talk.theirs.send_headers(stream, answer)
    talk.theirs.send_data(stream, b"{}", pad_length=7, end_stream=False)
    talk.theirs.send_headers(stream, [(b"x-trailer", b"1")], end_stream=True)
    talk.exchange()

    notes = [note for note in talk.book.notes if note[0] != "room"]
    assert notes[1:] == [
        ("headers", stream, answer),
        ("data", stream, b"{}"),
        ("headers", stream, [(b"x-trailer", b"1")]),
        ("ended", stream),
    ]


def test_windows_and_limits_are_kept() -> None:
    talk = Talk()
    before = talk.ours.window
    talk.ours.request(LINES, b"x" * 4_000)
    assert talk.ours.window == before - 4_000
    talk.exchange()

    talk.theirs.increment_flow_control_window(4_000)
    talk.theirs.update_settings(
        {SettingCodes.MAX_CONCURRENT_STREAMS: 7, SettingCodes.INITIAL_WINDOW_SIZE: 3_000}
    )
    talk.exchange()

    assert (talk.ours.window, talk.ours.most_streams) == (before, 7)
    with pytest.raises(Broken):
        talk.ours.request(LINES, b"x" * 3_001)


def test_what_was_read_is_given_back_and_pings_are_answered() -> None:
    talk = Talk()
    for _ in range(6):
        stream = talk.ours.request(LINES, b"{}")
        talk.exchange()
        talk.theirs.send_headers(stream, [(b":status", b"200")])
        # More than a connection's first window in all.
        talk.theirs.send_data(stream, b"x" * 15_000, end_stream=True)
        talk.theirs.ping(b"12345678")
        talk.exchange()
        talk.exchange()

    assert talk.theirs.outbound_flow_control_window > 40_000
    assert "PingAckReceived" in {type(one).__name__ for one in talk.heard}


def test_streams_end_early_on_either_side_and_connections_say_goodbye() -> None:
    talk = Talk()
    first, second, third = (talk.ours.request(LINES, b"") for _ in range(3))
    talk.ours.cancel(first)
    talk.exchange()
    assert first in {one.stream_id for one in talk.heard if isinstance(one, StreamReset)}

    talk.theirs.reset_stream(second)
    talk.theirs.close_connection(last_stream_id=second)
    talk.exchange()

    assert talk.book.notes[-2:] == [("lost", second), ("goodbye", second)]
    assert third > second


@pytest.mark.parametrize("seed", range(100))
def test_bytes_that_are_no_http2_break_the_connection_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    frames = Frames(Book())
    try:
        for _ in range(20):
            length = chance.choice((0, 1, 4, 5, 6, 9, 40))
            head = length.to_bytes(3) + bytes([chance.randrange(11), chance.randrange(256)])
            frames.receive(head + chance.randbytes(4) + chance.randbytes(length))
        frames.receive(chance.randbytes(3_000))
    except Broken:
        pass
    # It holds no more than a frame and a header block.
    assert len(frames._came) + len(frames._block) < 100_000

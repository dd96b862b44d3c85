"""What a handler returns: text, bytes, files, iterables and everything else."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections import deque
from pathlib import Path

import pytest

from tests.core.web.wsgi import BINARY, HTML, answering, ask, begin
from wsocket.errors import ResponseAborted


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ("Hello Wörld!", "Hello Wörld!".encode()),
        (b"Hello World!", b"Hello World!"),
        (bytearray(b"Hello"), b"Hello"),
        (memoryview(b"Hello"), b"Hello"),
        (io.StringIO("Hello"), b"Hello"),
        (io.BytesIO(b"Hello"), b"Hello"),
        (["Hello ", b"World", b"!", 2020], b"Hello World!2020"),
        (("Hello ", b"World", b"!", 2020), b"Hello World!2020"),
        ({"Hello"}, b"Hello"),
        (frozenset({2020}), b"2020"),
        ({"Hello ": None, "World!": None}, b"Hello World!"),
        ([None, "", b"", "a", [1, "b"]], b"a[1, 'b']"),
        (3.3, b"3.3"),
        (0, b"0"),
        (False, b"False"),
        (Path("/some/where"), b"/some/where"),
        (None, b""),
        ("", b""),
        ([], b""),
    ],
    ids=lambda value: value if isinstance(value, bytes) else type(value).__name__,
)
def test_body_of_every_kind_is_sent_with_its_length(result, body):
    """str, bytes, files, collections and other objects; None is nothing."""
    answer = ask(answering(result))
    assert answer.status == "200 OK"
    assert answer.body == body
    assert answer.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize(
    ("result", "media_type"),
    [
        ("text", HTML),
        (b"bytes", BINARY),
        (3.3, HTML),
        (None, HTML),
        ([b"a", b"b"], BINARY),
        ([b"a", "b"], HTML),
        ([b"a", 5], HTML),
        (iter([None, b"a", "b"]), BINARY),
        (iter(["a", b"b"]), HTML),
        (iter([]), HTML),
        (io.BytesIO(b"a"), BINARY),
        (io.StringIO("a"), HTML),
    ],
)
def test_content_type_follows_the_kind_of_body(result, media_type):
    """Text is HTML, bytes are binary."""
    assert ask(answering(result)).headers["Content-Type"] == media_type


def test_iterables_are_sent_item_by_item():
    """Items of any kind mix; empty ones are left out."""

    def handler(environ, start_response):
        yield "Hello "
        yield b"World"
        yield ""
        yield None
        yield b"!"
        yield 2020

    answer = ask(handler)
    assert answer.items == [b"Hello ", b"World", b"!", b"2020"]
    assert "Content-Length" not in answer.headers
    assert ask(answering(deque(["a", b"b", 3]))).items == [b"a", b"b", b"3"]
    assert ask(answering(map(str, range(3)))).items == [b"0", b"1", b"2"]


def test_item_is_passed_on_before_the_next_one_is_asked_for():
    """Nothing is buffered: an item may be minutes ahead of the next one."""
    asked = []

    def handler(environ, start_response):
        for number in range(3):
            asked.append(number)
            yield str(number)

    chunks = iter(begin(handler))
    for number in range(3):
        assert next(chunks) == b"%d" % number
        assert asked == list(range(number + 1))
    assert next(chunks, None) is None


def test_generator_calls_start_response_in_its_own_time():
    """Its code runs with the first item, which may follow empty ones."""

    def handler(environ, start_response):
        yield ""
        start_response(201, {"X-A": "1"})
        yield "late"

    answer = ask(handler)
    assert answer.status == "201 Created"
    assert answer.headers == {"X-A": "1", "Content-Type": HTML}
    assert answer.started == 1


def test_generator_that_yields_nothing_answers():
    """A generator may set a status only."""

    def handler(environ, start_response):
        start_response(404)
        yield from ()

    answer = ask(handler)
    assert answer.status == "404 Not Found"
    assert answer.headers["Content-Length"] == "0"


def test_text_is_encoded_as_its_content_type_says():
    """UTF-8 is only the default."""
    start = (200, {"Content-Type": 'text/plain; charset="latin-1"'})
    assert ask(answering("é", *start)).body == b"\xe9"
    assert ask(answering(iter("é"), *start)).body == b"\xe9"


# Files


def text_file(tmp_path: Path, name: str, size: int = 5) -> Path:
    path = tmp_path / name
    path.write_bytes(b"x" * size)
    return path


@pytest.mark.parametrize("size", [0, 5, 64 * 1024, 200_000])
def test_binary_file_is_sent_with_its_length(tmp_path, size):
    """The size comes from the file system; large files go in blocks."""
    file = text_file(tmp_path, "data.bin", size).open("rb")
    answer = ask(answering(file))
    assert answer.body == b"x" * size
    assert answer.headers["Content-Length"] == str(size)
    assert all(len(item) <= 64 * 1024 for item in answer.items)
    assert file.closed


@pytest.mark.parametrize("size", [0, 5, 200_000])
def test_text_file_is_sent(tmp_path, size):
    """Of a large one the length in UTF-8 is not known before."""
    file = text_file(tmp_path, "hello.txt", size).open()
    answer = ask(answering(file))
    assert answer.body == b"x" * size
    assert answer.headers.get("Content-Length") == (str(size) if size < 9 else None)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert file.closed


def test_text_file_is_decoded_and_sent_as_utf_8(tmp_path):
    """The file's encoding is the handler's business."""
    path = tmp_path / "latin"
    path.write_bytes(b"\xe9" * 3)
    answer = ask(answering(path.open(encoding="latin-1")))
    assert answer.body == "ééé".encode()
    assert answer.headers["Content-Length"] == "6"


def test_file_is_sent_from_where_it_stands(tmp_path):
    """A handler may have read a part of it."""
    file = text_file(tmp_path, "data.bin").open("rb")
    file.read(2)
    answer = ask(answering(file))
    assert answer.body == b"xxx"
    assert answer.headers["Content-Length"] == "3"
    memory = io.BytesIO(b"Hello")
    memory.seek(4)
    assert ask(answering(memory)).headers["Content-Length"] == "1"
    memory = io.BytesIO(b"Hello")
    memory.seek(9)
    assert ask(answering(memory)).body == b""


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("page.html", HTML),
        ("style.css", "text/css; charset=utf-8"),
        ("picture.png", "image/png"),
        ("data.json", "application/json"),
        ("archive.tar.gz", BINARY),
        ("unknown", BINARY),
    ],
)
def test_name_of_a_file_tells_its_content_type(tmp_path, name, media_type):
    """It is guessed unless the handler gives it; text is taken for UTF-8."""
    path = text_file(tmp_path, name)
    assert ask(answering(path.open("rb"))).headers["Content-Type"] == media_type
    given = ask(answering(path.open("rb"), 200, {"content-type": "text/x-mine"}))
    assert given.headers["content-type"] == "text/x-mine"
    assert "Content-Type" not in given.headers


def test_temporary_file_is_sent_with_its_length():
    """tempfile wraps its files."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"Hello")
        file.seek(0)
        answer = ask(answering(file))
    assert answer.body == b"Hello"
    assert answer.headers["Content-Length"] == "5"


def test_compressed_file_has_no_known_length(tmp_path):
    """Its file number is that of the compressed file, whose size is another."""
    path = tmp_path / "data.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"x" * 1000)
    answer = ask(answering(gzip.open(path)))  # noqa: SIM115 - sending closes it
    assert answer.body == b"x" * 1000
    assert "Content-Length" not in answer.headers


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux has /proc")
def test_file_that_hides_its_size_is_sent():
    """The files in /proc say that they are empty."""
    assert ask(answering(open("/proc/self/stat", "rb"))).body  # noqa: SIM115 - as above


@pytest.mark.parametrize("mode", ["r", "rb"])
def test_pipe_is_sent_as_it_comes(mode):
    """A part is passed on although the block is not full."""
    read_end, write_end = os.pipe()
    file = os.fdopen(read_end, mode)
    os.write(write_end, b"one\n")
    chunks = iter(begin(answering(file)))
    assert next(chunks) == b"one\n"
    os.write(write_end, b"two\n")
    assert next(chunks) == b"two\n"
    os.close(write_end)
    assert next(chunks, None) is None
    chunks.close()
    assert file.closed


def test_file_that_grows_is_sent_up_to_its_length(tmp_path):
    """More than the Content-Length would look like the next response."""
    path = text_file(tmp_path, "log", 100_000)
    chunks = begin(answering(path.open("rb")))
    with path.open("ab") as file:
        file.write(b"more")
    assert len(b"".join(chunks)) == 100_000
    chunks.close()


def test_file_that_shrinks_aborts_the_response(tmp_path, caplog):
    """Less than the Content-Length must not look complete."""
    path = text_file(tmp_path, "log", 100_000)
    chunks = begin(answering(path.open("rb")))
    os.truncate(path, 70_000)
    with pytest.raises(ResponseAborted):
        list(chunks)
    chunks.close()
    assert "the file ended 30000 bytes before its size" in caplog.text


def test_non_blocking_file_is_refused(caplog):
    """Its read() may return None, which is not the end."""

    class NonBlocking(io.RawIOBase):
        def read(self, size=-1):
            return None

    assert ask(answering(NonBlocking())).status.startswith("500")
    assert "a non-blocking file cannot be sent" in caplog.text

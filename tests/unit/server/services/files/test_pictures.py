"""What pictures say of their size, true or not."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.files.pictures import LARGEST_SIDE, read_picture


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + bytes(4)


def png(width: int, height: int, *frames: tuple[int, int]) -> bytes:
    def pair(width: int, height: int) -> bytes:
        return width.to_bytes(4, "big") + height.to_bytes(4, "big")

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", pair(width, height) + bytes(5))
        + chunk(b"acTL", bytes(8))
        + b"".join(
            chunk(b"fcTL", bytes(4) + pair(*frame) + bytes(14)) for frame in frames
        )
        + chunk(b"IEND", b"")
    )


def gif(width: int, height: int, *frames: tuple[int, int, int, int]) -> bytes:
    def numbers(*values: int) -> bytes:
        return b"".join(value.to_bytes(2, "little") for value in values)

    colours = b"\x80\0\0" + b",;!,;!"
    extension = b"!\xf9\x04,;,;\0"
    drawn = b"\x02\x03,;,\x02,;\0"
    return (
        b"GIF89a"
        + numbers(width, height)
        + colours
        + b"".join(
            extension + b"," + numbers(*frame) + b"\x80" + b",;!,;!" + drawn
            for frame in frames
        )
        + b";"
    )


def jpeg(width: int, height: int, before: bytes = b"") -> bytes:
    sizes = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return b"\xff\xd8" + before + b"\xff\xc0\x00\x0b\x08" + sizes + b"rest"


SEGMENT = b"\xff\xe1\x00\x0b\xff\xc0\x00\x0b\x08\x00\x01\x00\x01"
"""A segment in which something else looks like a size: as a thumbnail's would."""

JPEG_IN_JPEG = jpeg(7, 9)[:2] + b"\xff\xd9" + jpeg(7, 9)
PNG_HEAD, GIF_HEAD, JPEG_HEAD = png(1, 1)[:-12], gif(1, 1)[:-1], b"\xff\xd8\xff"

LARGE = [
    pytest.param(png(16_385, 1), "pixels wide or high", id="PNG, wide"),
    pytest.param(png(1, 1 << 31), "pixels wide or high", id="PNG, high"),
    pytest.param(png(7_100, 7_100), "pixels in all", id="PNG, both"),
    pytest.param(png(1, 1, (16_385, 1)), "pixels wide", id="PNG, a frame"),
    pytest.param(png(4_000, 4_000, *[(4_000, 4_000)] * 4), "in all", id="PNG, frames"),
    pytest.param(gif(16_385, 1), "pixels wide or high", id="GIF, wide"),
    pytest.param(gif(1, 65_535), "pixels wide or high", id="GIF, high"),
    pytest.param(gif(7_100, 7_100), "pixels in all", id="GIF, both"),
    pytest.param(gif(1, 1, (0, 0, 65_535, 1)), "pixels wide", id="GIF, a frame"),
    pytest.param(
        gif(1, 1, (0, 0, 1, 1), (0, 0, 1, 20_000)), "wide or high", id="GIF, the second"
    ),
    pytest.param(gif(9, 9, (16_384, 0, 1, 1)), "wide or high", id="GIF, far away"),
    pytest.param(
        gif(9, 9, (9_000, 0, 1, 1), (0, 9_000, 1, 1)), "in all", id="GIF, far apart"
    ),
    pytest.param(
        gif(1_000, 1_000, *[(0, 0, 1_000, 1_000)] * 51), "in all", id="GIF, frames"
    ),
    pytest.param(
        gif(1, 1, (0, 0, 1, 1))[:-1] + b"\0\0" + gif(1, 1, (0, 0, 1, 20_000))[19:],
        "wide or high",
        id="GIF, behind what nobody knows",
    ),
    pytest.param(jpeg(16_385, 1), "pixels wide or high", id="JPEG, wide"),
    pytest.param(jpeg(1, 65_535), "pixels wide or high", id="JPEG, high"),
    pytest.param(jpeg(7_100, 7_100), "pixels in all", id="JPEG, both"),
    pytest.param(jpeg(7_100, 7_100, SEGMENT), "in all", id="JPEG, behind a thumbnail"),
    pytest.param(jpeg(7_100, 7_100, b"\xff" * 9), "in all", id="JPEG, filled up"),
    pytest.param(
        jpeg(7_100, 7_100, SEGMENT + b"junk\xff\0\xd0"), "in all", id="JPEG, junk"
    ),
    pytest.param(
        jpeg(7_100, 7_100, b"\xff\x01\xff\xd0"), "in all", id="JPEG, bare markers"
    ),
]


@pytest.mark.parametrize(("data", "shown"), LARGE)
def test_a_picture_with_too_many_pixels_is_rejected(data: bytes, shown: str) -> None:
    with pytest.raises(InvalidValueError, match=shown) as caught:
        read_picture(data, "avatar")

    assert caught.value.field == "avatar"


@pytest.mark.parametrize(
    "data",
    [
        png(16_384, 3_051),
        png(7_000, 7_000, (7_000, 7_000)),
        gif(16_384, 3_051, (0, 0, 16_384, 3_051)),
        gif(1_000, 1_000, *[(0, 0, 1_000, 1_000)] * 50),
        gif(800, 600, *[(780, 590, 20, 10)] * 2_000),
        jpeg(16_384, 3_051, SEGMENT + b"\xff\xff"),
        # However it was cut off, what is there is read.
        *(gif(9, 9, (0, 0, 9, 9))[:end] for end in range(10, 40)),
    ],
)
def test_a_picture_of_the_largest_size_is_accepted(data: bytes) -> None:
    assert read_picture(data, "avatar").data == data


@pytest.mark.parametrize("data", [jpeg(7, 0), jpeg(7, 9, b"\xff\xda"), JPEG_IN_JPEG])
def test_a_jpeg_without_a_size_before_its_image_data_is_rejected(data: bytes) -> None:
    with pytest.raises(InvalidValueError, match="is not a JPEG"):
        read_picture(data, "avatar")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff" * 600_000,
        b"\xff\xd8" + b"\xff\x00" * 300_000,
        b"\xff\xd8\xff" + b"\xff\xd0" * 300_000,
        b"\xff\xd8" + b"\xff\xe0\x00\x00" * 150_000,
        gif(1, 1) + b"\x00" * 600_000,
        gif(1, 1)[:-1] + b"!" * 600_000,
        gif(1, 1)[:-1] + b",\0" * 300_000,
        png(1, 1)[:-12] + bytes(600_000),
        png(1, 1)[:-12] + chunk(b"fcTL", bytes(26)) * 15_000,
    ],
)
def test_reading_takes_time_in_proportion_to_the_data(data: bytes) -> None:
    with contextlib.suppress(InvalidValueError):
        read_picture(data, "avatar")


@given(st.sampled_from([PNG_HEAD, GIF_HEAD, JPEG_HEAD]), st.binary(max_size=200))
def test_any_bytes_are_a_picture_or_rejected(head: bytes, rest: bytes) -> None:
    with contextlib.suppress(InvalidValueError):
        picture = read_picture(head + rest, "avatar")
        assert max(picture.width, picture.height) <= LARGEST_SIDE

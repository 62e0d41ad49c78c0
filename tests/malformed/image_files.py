# SPDX-License-Identifier: Apache-2.0
"""Images: sizes that lie, pixels that are not there."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import PIL.Image
from case import EITHER, ERROR, Case, bit_flips, damaged, lies, truncations

PIXELS = np.random.default_rng(7).integers(0, 255, (24, 17, 3), dtype=np.uint8)


def image_bytes(image_format: str, mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    PIL.Image.fromarray(PIXELS).convert(mode).save(out, image_format, **options)
    return out.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int = 8, color: int = 2, data: bytes = b"", *chunks: bytes) -> bytes:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    end = png_chunk(b"IDAT", zlib.compress(data, 9)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + end


def tiff(width: int, height: int, rows_per_strip: int, strip_bytes: int, bits: int = 8) -> bytes:
    entries = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, bits),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, rows_per_strip),
        (279, 4, strip_bytes),
    ]
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + bytes(4)


def image_cases() -> Iterator[Case]:
    files = {
        "baseline.jpg": image_bytes("JPEG"),
        "progressive.jpg": image_bytes("JPEG", progressive=True),
        "rgb.png": image_bytes("PNG"),
        "palette.png": image_bytes("PNG", "P"),
        "lossy.webp": image_bytes("WEBP"),
        "lossless.webp": image_bytes("WEBP", lossless=True),
        "plain.tiff": image_bytes("TIFF"),
        "lzw.tiff": image_bytes("TIFF", compression="tiff_lzw"),
        "rgb.bmp": image_bytes("BMP"),
        "palette.bmp": image_bytes("BMP", "P"),
        "palette.gif": image_bytes("GIF", "P"),
    }
    for name, data in files.items():
        # What is missing at the end may be a mark of the end, or a chunk that says nothing of pixels.
        half = len(data) // 2
        short = (cut for cut in truncations(data, 6) if len(cut[1]) < half)
        long = (cut for cut in truncations(data, 6) if len(cut[1]) >= half)
        for variants, outcome in (
            (short, ERROR),
            (long, EITHER),
            (bit_flips(data, 14), EITHER),
            (bit_flips(data, 8, 0, 60), EITHER),
        ):
            yield from damaged("read_images", name, variants, outcome, file_extensions=None)
    frame = files["baseline.jpg"].index(b"\xff\xc0") + 5
    yield from damaged("read_images", "size.jpg", lies(files["baseline.jpg"], frame, 4, "big"), EITHER)
    for offset in (18, 22):
        yield from damaged("read_images", "size.bmp", lies(files["rgb.bmp"], offset, 4), EITHER)
    yield from damaged("read_images", "offset.bmp", lies(files["rgb.bmp"], 10, 4), EITHER)
    yield from damaged("read_images", "colors.bmp", lies(files["palette.bmp"], 46, 4), EITHER)
    for offset in (6, 8):
        yield from damaged("read_images", "screen.gif", lies(files["palette.gif"], offset, 2), EITHER)
    yield from damaged("read_images", "directory.tiff", lies(files["plain.tiff"], 4, 4))
    yield from damaged("read_images", "riff.webp", lies(files["lossy.webp"], 4, 4), EITHER, file_extensions=None)
    yield from damaged("read_images", "chunk.webp", lies(files["lossy.webp"], 16, 4), EITHER, file_extensions=None)
    for name, data in {
        "2_to_31.png": png(2**31 - 1, 2**31 - 1),
        "no_pixels.png": png(0, 0),
        "over_the_limit.png": png(20_000, 20_000),
        # Below the limit: memory is set aside, but must not be filled before pixels are there.
        "nothing_in_it.png": png(13_000, 13_000, 8, 2),
        "deep_nothing.png": png(9_000, 9_000, 16, 6),
        "wrong_depth.png": png(4, 4, 7, 2, bytes(52)),
        "wrong_color.png": png(4, 4, 8, 5, bytes(52)),
        "few_pixels.png": png(4, 4, 8, 2, bytes(20)),
        "text_bomb.png": png(4, 4, 8, 2, b"", png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100 << 20), 9))),
        "profile_bomb.png": png(4, 4, 8, 2, b"", png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(100 << 20), 9))),
        "giant.tiff": tiff(2**31 - 1, 2**31 - 1, 1, 100),
        "largest.tiff": tiff(2**32 - 1, 2**32 - 1, 2**32 - 1, 2**32 - 1),
        "nothing_in_it.tiff": tiff(13_000, 13_000, 13_000, 169_000_000),
        "one_strip.tiff": tiff(100, 100, 2**32 - 1, 2**32 - 1),
        "deep.tiff": tiff(100, 100, 100, 10_000, 65535),
    }.items():
        yield Case(name.replace(".", "_"), "read_images", {name: data})
    loop = bytearray(files["plain.tiff"])
    loop[-4:] = struct.pack("<I", 8)  # the next directory is the first one
    yield Case("loop_tiff", "read_images", {"loop.tiff": bytes(loop)}, EITHER)
    resized = {"size": (2, 2)}
    yield Case("resized_giant", "read_images", {"a.png": png(2**31 - 1, 2**31 - 1)}, ERROR, resized)
    yield Case("not_what_the_suffix_says", "read_images", {"a.png": files["baseline.jpg"]}, EITHER)

# SPDX-License-Identifier: Apache-2.0
"""npy, TFRecord and WebDataset: records behind headers that say how long they are."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from collections.abc import Iterator, Mapping

import numpy as np
from case import EITHER, ERROR, MIB, ROWS, Case, bit_flips, damaged, lies, truncations


def npy_bytes(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def npy_with_header(header: bytes, data: bytes = bytes(64), version: int = 1) -> bytes:
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


def npy_cases() -> Iterator[Case]:
    array = npy_bytes(np.arange(1200, dtype=np.float32).reshape(100, 3, 4))
    yield from damaged("read_numpy", "array.npy", truncations(array, 8))
    yield from damaged("read_numpy", "array.npy", bit_flips(array, 20, 0, 128), EITHER)
    yield from damaged("read_numpy", "array.npy", lies(array, 8, 2), EITHER)
    fortran = npy_bytes(np.asfortranarray(np.arange(600.0).reshape(20, 30)))
    yield from damaged("read_numpy", "fortran.npy", truncations(fortran, 4))
    begin = b"{'descr': '<f8', 'fortran_order': False, 'shape': "
    for name, shape in {
        "giant": b"(1152921504606846976,)",
        "giant_product": b"(4294967296, 4294967296)",
        "product_of_zero": b"(4294967296, 4294967296, 4294967296, 0)",
        "no_rows_but_giant": b"(0, 4294967296, 4294967296)",
        "many_rows_of_nothing": b"(1152921504606846976, 0)",
        "too_large": b"(9, 1)",
        "negative": b"(-1,)",
        "beyond_64_bits": b"(99999999999999999999999,)",
        "no_number": b"(x,)",
        "no_tuple": b"8",
        "open": b"(8,",
        "many_axes": b"(" + b"1," * 20_000 + b")",
    }.items():
        allowed = EITHER if name in ("no_rows_but_giant", "many_axes") else ERROR
        yield Case(f"shape_{name}", "read_numpy", {"a.npy": npy_with_header(begin + shape + b", }\n")}, allowed)
        fortran_begin = begin.replace(b"False", b"True")
        data = npy_with_header(fortran_begin + shape + b", }\n")
        yield Case(f"fortran_shape_{name}", "read_numpy", {"a.npy": data}, allowed)
    for descr in (b"|O", b">f8", b"<f1024", b"<M8[ns]", b"", b"<f8" * 1000):
        header = b"{'descr': '" + descr + b"', 'fortran_order': False, 'shape': (1,), }\n"
        yield Case(f"descr_{len(descr)}_{descr[:4].hex()}", "read_numpy", {"a.npy": npy_with_header(header)}, EITHER)
    packed = gzip.compress(npy_with_header(fortran_begin + b"(4294967296, 64), }\n"), mtime=0)
    yield Case("giant_behind_gzip", "read_numpy", {"a.npy.gz": packed}, ERROR, {"file_extensions": None})
    long_header = npy_with_header(b" " * 100, version=2)
    yield from damaged("read_numpy", "version_2.npy", lies(long_header, 8, 4))
    yield Case("version_9", "read_numpy", {"a.npy": array[:6] + b"\x09" + array[7:]})
    yield Case("pickle", "read_numpy", {"a.npy": npy_bytes(np.array([{"a": 1}], dtype=object))})


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def message(number: int, body: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(body)) + body


def feature(name: bytes, value: bytes) -> bytes:
    """An entry of tf.train.Features; ``value`` is the feature."""
    return message(1, message(1, name) + message(2, value))


def example(*features: bytes) -> bytes:
    return message(1, b"".join(features))


def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC = _crc_table()


def masked_crc(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 255]
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes, length: int | None = None) -> bytes:
    head = struct.pack("<Q", len(data) if length is None else length)
    return head + masked_crc(head) + data + masked_crc(data)


def tfrecord_cases() -> Iterator[Case]:
    row = example(
        feature(b"id", message(3, message(1, b"\x07"))),
        feature(b"name", message(1, message(1, b"text"))),
        feature(b"score", message(2, message(1, struct.pack("<2f", 1, 2)))),
    )
    data = record(row) * 20
    size = len(record(row))
    cuts = (cut for cut in truncations(data, 15) if len(cut[1]) % size)
    yield from damaged("read_tfrecords", "rows.tfrecords", cuts)
    yield from damaged("read_tfrecords", "rows.tfrecords", bit_flips(data, 25))
    yield from damaged("read_tfrecords", "rows.tfrecords", lies(data, 0, 8))
    for length in (2**31 - 1, 2**31, 2**60, 2**64 - 1, 2**64 - 4):
        yield Case(f"length_{length}", "read_tfrecords", {"a.tfrecords": record(row, length)})
    # Checksums that are right, around messages that are not.
    for what, broken in [*truncations(row, 12), *bit_flips(row, 40)]:
        yield Case(f"message_{what}", "read_tfrecords", {"a.tfrecords": record(row) + record(broken)}, EITHER)
    for name, body, outcome in (
        ("long_varint", b"\x0a" + b"\xff" * 11, ERROR),
        ("length_beyond_the_end", b"\x0a\xff\xff\xff\xff\x0f", ERROR),
        ("length_of_64_bits", b"\x0a" + b"\xff" * 9 + b"\x01", ERROR),
        ("groups", b"\x0b" * 100_000, ERROR),
        ("bad_utf8_name", example(feature(b"\xff", message(3, message(1, b"\1")))), ERROR),
        ("half_a_float", example(feature(b"a", message(2, message(1, b"\0\0\0")))), ERROR),
        ("half_a_varint", example(feature(b"a", message(3, message(1, b"\x80")))), ERROR),
        ("two_kinds", example(feature(b"a", message(3, message(1, b"\1")) + message(1, message(1, b"x")))), EITHER),
        ("no_features", b"", EITHER),
        ("zeros", bytes(100), ERROR),
    ):
        yield Case(name, "read_tfrecords", {"a.tfrecords": record(body)}, outcome)
    kinds = example(feature(b"id", message(1, message(1, b"text"))))
    yield Case("kinds_change", "read_tfrecords", {"a.tfrecords": record(row) + record(kinds)})
    two = {"1.tfrecords": record(row), "2.tfrecords": record(kinds)}
    yield Case("kinds_change_in_the_second_file", "read_tfrecords", two, EITHER)
    many = b"".join(record(example(feature(b"f%d" % i, message(3, message(1, b"\1"))))) for i in range(500))
    yield Case("a_feature_per_record", "read_tfrecords", {"a.tfrecords": many}, ROWS)
    bomb = record(example(feature(b"a", message(1, message(1, bytes(200 * MIB // 100))))))
    packed = gzip.compress(bomb * 100, mtime=0)
    yield Case("bomb_gz", "read_tfrecords", {"a.tfrecords.gz": packed}, ROWS, max_bytes=400 * MIB)


def tar_bytes(files: Mapping[str, bytes], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tar_format) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def tar_header(name: bytes, size_field: bytes, kind: bytes = b"0", extra: bytes = b"") -> bytes:
    """A header whose checksum is right, whatever its fields say."""
    head = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size_field.ljust(12, b"\0") + b"0" * 11 + b"\0"
    tail = kind + extra.ljust(100, b"\0") + b"ustar\x0000"
    block = (head + b" " * 8 + tail).ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def webdataset_cases() -> Iterator[Case]:
    samples = {}
    for i in range(6):
        samples[f"{i:04d}.txt"] = b"caption"
        samples[f"{i:04d}.cls"] = b"%d" % i
        samples[f"{i:04d}.json"] = b'{"a": [1, {"b": null}]}'
        samples[f"{i:04d}.npy"] = npy_bytes(np.arange(6))
    data = tar_bytes(samples)
    yield from damaged("read_webdataset", "samples.tar", truncations(data, 25), EITHER)
    yield from damaged("read_webdataset", "samples.tar", bit_flips(data, 40), EITHER)
    yield from damaged("read_webdataset", "samples.tar", bit_flips(data, 20, 0, 512))
    member = b"x".ljust(512, b"\0")
    for name, field in {
        "2_to_60": b"\x80" + (2**60).to_bytes(11, "big"),
        "beyond_64_bits": b"\x80" + b"\xff" * 11,
        "negative": b"\xff" * 12,
        "largest_octal": b"7" * 11,
        "two_gib": b"20000000000",
        "no_octal": b"99999999999",
        "text": b"-1",
    }.items():
        archive = tar_header(b"a.txt", field) + member
        yield Case(f"size_{name}", "read_webdataset", {"a.tar": archive})
        skipped = tar_header(b"a.skipped", field) + member
        yield Case(f"skipped_size_{name}", "read_webdataset", {"a.tar": skipped}, ERROR, {"suffixes": ["txt"]})
        for kind in (b"L", b"x", b"g"):
            archive = tar_header(b"long", field, kind) + member
            yield Case(f"extension_{kind.decode()}_size_{name}", "read_webdataset", {"a.tar": archive})
    for name, text in {
        "no_length": b"path=a.txt\n",
        "length_0": b"0 path=a.txt\n",
        "length_too_large": b"99 path=a.txt\n",
        "length_beyond_64_bits": b"99999999999999999999999 path=a\n",
        "no_equals": b"10 path a\n",
        "negative_size": b"11 size=-1\n",
        "giant_size": b"28 size=1152921504606846976\n",
        "size_beyond_64_bits": b"33 size=9999999999999999999999999\n",
        "sparse": b"22 GNU.sparse.major=1\n",
    }.items():
        pax = tar_header(b"pax", b"%011o" % len(text), b"x") + text.ljust(512, b"\0")
        yield Case(f"pax_{name}", "read_webdataset", {"a.tar": pax + tar_header(b"a.txt", b"1") + member})
    for kind in (b"1", b"2", b"3", b"4", b"5", b"6"):  # links, devices, a directory, a pipe
        other = tar_header(b"b.txt", b"0", kind, b"/etc/passwd")
        archive = other + tar_header(b"a.txt", b"1") + member
        yield Case(f"kind_{kind.decode()}", "read_webdataset", {"a.tar": archive}, ROWS)
        yield Case(f"only_kind_{kind.decode()}", "read_webdataset", {"a.tar": other}, EITHER)
    yield Case("sparse", "read_webdataset", {"a.tar": tar_header(b"a.txt", b"1", b"S") + member})
    for name, path in {"parent": b"../x.txt", "absolute": b"/etc/x.txt", "dots": b"..", "nothing": b""}.items():
        archive = tar_header(path, b"1") + member
        yield Case(f"path_{name}", "read_webdataset", {"a.tar": archive}, EITHER)
    yield Case("bad_utf8_name", "read_webdataset", {"a.tar": tar_header(b"\xff.txt", b"1") + member}, EITHER)
    yield Case("bad_utf8_suffix", "read_webdataset", {"a.tar": tar_header(b"a.\xff", b"1") + member}, EITHER)
    for name, content in {
        "bad_utf8.txt": b"\xff",
        "no_number.cls": b"seven",
        "no_json.json": b"{",
        "deep.json": b"[" * 100_000 + b"]" * 100_000,
        "no_image.jpg": b"none",
        "no_image.png": b"\x89PNG\r\n\x1a\n",
        "no_array.npy": b"\x93NUMPY",
        "object.npy": npy_bytes(np.array([None], dtype=object)),
        "giant.npy": npy_with_header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296,4294967296), }\n"),
    }.items():
        allowed = EITHER if name == "deep.json" else ERROR
        archive = tar_bytes({name: content})
        yield Case(f"member_{name.replace('.', '_')}", "read_webdataset", {"a.tar": archive}, allowed)
    same = tar_header(b"a.txt", b"1") + member
    yield Case("a_suffix_twice", "read_webdataset", {"a.tar": same + same})
    apart = tar_bytes({"a.txt": b"1", "b.txt": b"2", "a.cls": b"3"})
    yield Case("samples_apart", "read_webdataset", {"a.tar": apart})
    for name, header in {
        "unknown_kinds": tar_header(b"a.txt", b"0", b"V"),
        "directories": tar_header(b"a/", b"0", b"0"),
        "links": tar_header(b"a", b"0", b"2"),
        "pax": tar_header(b"a", b"0", b"x"),
    }.items():
        packed = gzip.compress(header * 200_000, 1, mtime=0)
        yield Case(f"many_{name}", "read_webdataset", {"a.tar.gz": packed}, EITHER)
    bomb = gzip.compress(tar_header(b"a.txt", b"\x80" + (2**33).to_bytes(11, "big")) + bytes(100 * MIB), 1, mtime=0)
    yield Case("bomb_of_one_file", "read_webdataset", {"a.tar.gz": bomb})
    yield Case("skipped_bomb", "read_webdataset", {"a.tar.gz": bomb}, ERROR, {"suffixes": ["cls"]})

# SPDX-License-Identifier: Apache-2.0
"""WebDataset archives: against Python's tarfile, Ray's decoders, functions of the user, damage."""

import io
import json
import tarfile
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headrace as ray

Image = pytest.importorskip("PIL.Image")


def write_tar(path, files, mode="w", format=tarfile.PAX_FORMAT):
    with tarfile.open(path, mode, format=format) as tar:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def encoded(image, form):
    out = io.BytesIO()
    Image.fromarray(image).save(out, form)
    return out.getvalue()


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def pixels(seed, shape=(6, 5, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_tarfile(tmp_path, format):
    long = "d" * 60 + "/" + "e" * 90
    files = [("a/0001.txt", b"one"), ("a/0001.seg.bin", b"\x00"), (f"{long}/x.txt", b"y" * 2000), ("nodot", b"")]
    write_tar(tmp_path / "a.tar", files, format=format)
    write_tar(tmp_path / "b.tar.gz", files, "w:gz", format)
    for name in ("a.tar", "b.tar.gz"):
        rows = ray.data.read_webdataset(tmp_path / name).take_all()
        assert [row["__key__"] for row in rows] == ["a/0001", f"{long}/x"]
        assert rows[0]["txt"] == "one" and rows[0]["seg.bin"] == b"\x00" and rows[1]["seg.bin"] is None
        assert rows[1]["txt"] == "y" * 2000
        assert rows[0]["__url__"].endswith(name)
    assert ray.data.read_webdataset(tmp_path).count() == 4


def test_links_and_directories_are_passed_over(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for kind, name in [(tarfile.DIRTYPE, "d.txt"), (tarfile.SYMTYPE, "s.txt"), (tarfile.LNKTYPE, "l.txt")]:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
        info = tarfile.TarInfo("x.txt")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"1"))
    assert [row["__key__"] for row in ray.data.read_webdataset(tmp_path).take_all()] == ["x"]


def test_the_default_decoder(tmp_path):
    image = pixels(1)
    files = []
    for i in range(3):
        files += [
            (f"{i}.txt", "é".encode()),
            (f"{i}.cls", f" {i}\n".encode()),
            (f"{i}.png", encoded(image, "png")),
            (f"{i}.jpg", encoded(image, "jpeg")),
            (f"{i}.npy", npy(np.arange(i + 1, dtype=np.float32))),
            (f"{i}.json", json.dumps({"x": i, "day": "2020-01-01", "l": [1, 2]}, indent=1).encode()),
            (f"{i}.pkl", b"cos\nsystem\n"),
            (f"{i}.other", b"raw"),
        ]
    write_tar(tmp_path / "a.tar", files)
    rows = ray.data.read_webdataset(tmp_path).take_all()
    for i, row in enumerate(rows):
        assert (row["txt"], row["cls"], row["other"], row["pkl"]) == ("é", i, b"raw", b"cos\nsystem\n")
        np.testing.assert_array_equal(row["png"], image)
        np.testing.assert_array_equal(row["jpg"], np.array(Image.open(io.BytesIO(encoded(image, "jpeg")))))
        np.testing.assert_array_equal(row["npy"], np.arange(i + 1))
        assert {**row["json"], "l": list(row["json"]["l"])} == {"x": i, "day": "2020-01-01", "l": [1, 2]}
    (raw,) = ray.data.read_webdataset(tmp_path, decoder=None, suffixes=["cls"]).limit(1).take_all()
    assert raw["cls"] == b" 0\n"
    with pytest.raises(ValueError, match=r"a\.tar: '0\.json'.*JSON"):
        write_tar(tmp_path / "a.tar", [("0.json", b"{")])
        ray.data.read_webdataset(tmp_path).take_all()


def test_python_decodes_what_the_engine_decodes(tmp_path):
    files = [("0.png", encoded(pixels(1), "png")), ("0.cls", b"3"), ("0.json", b'{"a": 1}'), ("0.npy", npy(np.ones(2)))]
    write_tar(tmp_path / "a.tar", files)
    (ours,) = ray.data.read_webdataset(tmp_path).take_all()
    (theirs,) = ray.data.read_webdataset(tmp_path, fileselect=lambda name: True).take_all()
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name])


def test_images_of_other_ranks_begin_a_block(tmp_path):
    files = [(f"{i}.png", encoded(pixels(i, (4, 4) if i % 2 else (5, 4, 3)), "png")) for i in range(4)]
    write_tar(tmp_path / "a.tar", files)
    context = ray.data.DataContext.get_current()
    before = context.target_min_block_size
    context.target_min_block_size = 1
    try:
        rows = ray.data.read_webdataset(tmp_path).take_all()
    finally:
        context.target_min_block_size = before
    assert [row["png"].shape for row in rows] == [(5, 4, 3), (4, 4), (5, 4, 3), (4, 4)]


def test_choosing_and_renaming(tmp_path):
    files = [(f"{key}.{suffix}", suffix.encode()) for key in "ab" for suffix in ("one.txt", "two.txt", "bin")]
    write_tar(tmp_path / "a.tar", files)
    read = ray.data.read_webdataset
    by_pattern = read(tmp_path, fileselect=["*.txt"], suffixes=["one.txt"]).take_all()
    by_function = read(
        tmp_path, fileselect=lambda name: name.endswith(".txt"), suffixes=lambda suffix: suffix == "one.txt"
    ).take_all()
    assert by_pattern == by_function
    assert [sorted(row) for row in by_pattern] == [["__key__", "__url__", "one.txt"]] * 2
    renamed = read(
        tmp_path, filerename=lambda name: "x/" + name.replace("bin", "raw"), fileselect=["*x/a.*"]
    ).take_all()
    assert [row["__key__"] for row in renamed] == ["x/a"] and renamed[0]["raw"] == b"bin"
    with pytest.raises(TypeError, match="fileselect must be"):
        read(tmp_path, fileselect=3)


def test_decoders_of_the_user(tmp_path):
    write_tar(tmp_path / "a.tar", [("0.png", encoded(pixels(1), "png")), ("0.cls", b"3")])
    read = ray.data.read_webdataset

    def double(sample):
        return {**sample, "cls": int(sample["cls"]) * 2}

    def size(sample):
        return {**sample, "png": sample["png"].size}

    assert read(tmp_path, decoder=double, suffixes=["cls"]).take_all()[0]["cls"] == 6
    assert read(tmp_path, decoder=[True, double]).take_all()[0]["cls"] == 6
    assert list(read(tmp_path, decoder=["PIL", size]).take_all()[0]["png"]) == [5, 6]
    with pytest.raises(TypeError, match="decoder must be"):
        read(tmp_path, decoder=3)


@pytest.mark.parametrize("decoder", [True, [lambda sample: sample], None])
def test_expand_json(tmp_path, decoder):
    write_tar(tmp_path / "a.tar", [("0.json", b'{"x": 1, "y": "z"}'), ("1.json", b'{"x": 2}')])
    rows = ray.data.read_webdataset(tmp_path, decoder=decoder, expand_json=True).take_all()
    assert [(row["x"], row["y"]) for row in rows] == [(1, "z"), (2, None)]


def test_samples_have_to_be_whole(tmp_path):
    write_tar(tmp_path / "a.tar", [("a.txt", b""), ("b.txt", b""), ("a.bin", b"")])
    with pytest.raises(ValueError, match="sample 'a' are not next to each other"):
        ray.data.read_webdataset(tmp_path).take_all()
    write_tar(tmp_path / "a.tar", [("a.txt", b""), ("a.txt", b"")])
    with pytest.raises(ValueError, match=r"'a\.txt' comes twice"):
        ray.data.read_webdataset(tmp_path).take_all()


def test_damage_names_the_archive_and_the_byte(tmp_path):
    write_tar(tmp_path / "a.tar", [("a.txt", b"x" * 600), ("b.txt", b"y")])
    whole = (tmp_path / "a.tar").read_bytes()
    for size in (100, 700, 1600, 2000):
        (tmp_path / "a.tar").write_bytes(whole[:size])
        with pytest.raises(ValueError, match=rf"a\.tar: tar archive is cut off at byte {size}"):
            ray.data.read_webdataset(tmp_path).take_all()
    (tmp_path / "a.tar").write_bytes(whole[:1540] + b"\xff" + whole[1541:])
    with pytest.raises(ValueError, match=r"damaged header.*at byte 1536"):
        ray.data.read_webdataset(tmp_path).take_all()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
JSON = st.fixed_dictionaries(
    {"n": st.integers(-(2**40), 2**40), "s": TEXT, "l": st.lists(st.integers(0, 9), min_size=1)}
)


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"txt": TEXT, "cls": st.integers(-(2**63), 2**63 - 1), "bin": st.binary(max_size=600), "json": JSON}
        ),
        min_size=1,
        max_size=12,
    ),
    name=st.text("abcé/", min_size=1, max_size=150).filter(lambda name: not name.endswith("/")),
)
@settings(max_examples=30, deadline=None)
def test_what_is_written_comes_back(rows, name):
    rows = [{"__key__": f"{name}{i}", **row} for i, row in enumerate(rows)]
    with tempfile.TemporaryDirectory() as path:
        ray.data.from_items(rows, override_num_blocks=1).write_webdataset(path)
        back = ray.data.read_webdataset(path).take_all()
    assert len(back) == len(rows)
    for row, other in zip(rows, back, strict=True):
        other.pop("__url__")
        other["json"] = {**other["json"], "l": list(other["json"]["l"])}
        assert row == other


def test_arrays_are_written_as_images_and_npy(tmp_path):
    images = [pixels(1), pixels(2, (4, 3, 3))]
    rows = [{"__key__": str(i), "png": image, "jpg": image, "npy": image} for i, image in enumerate(images)]
    ray.data.from_items(rows, override_num_blocks=1).write_webdataset(tmp_path)
    (archive,) = tmp_path.glob("*.tar")
    with tarfile.open(archive) as tar:
        for i, image in enumerate(images):
            np.testing.assert_array_equal(np.array(Image.open(tar.extractfile(f"{i}.png"))), image)
            np.testing.assert_array_equal(np.load(io.BytesIO(tar.extractfile(f"{i}.npy").read())), image)
            jpeg = np.array(Image.open(tar.extractfile(f"{i}.jpg"))).astype(int)
            expected = np.array(Image.open(io.BytesIO(encoded(image, "jpeg"))))
            assert np.abs(jpeg - expected).max() <= 2
    back = ray.data.read_webdataset(tmp_path).take_all()
    for row, image in zip(back, images, strict=True):
        np.testing.assert_array_equal(row["png"], image)
        np.testing.assert_array_equal(row["npy"], image)


def test_encoders_of_the_user_and_keys(tmp_path):
    def encode(row):
        return {"txt": str(row["id"]), "cls": row["id"]}

    ds = ray.data.range(5, override_num_blocks=1)
    ds.write_webdataset(tmp_path / "a", encoder=[encode, True])
    rows = ray.data.read_webdataset(tmp_path / "a").take_all()
    assert [(row["txt"], row["cls"]) for row in rows] == [(str(i), i) for i in range(5)]
    assert len({row["__key__"] for row in rows}) == 5
    with pytest.raises(TypeError, match="column 'cls' is int64"):
        ds.write_webdataset(tmp_path / "b", encoder=encode)
    with pytest.raises(TypeError, match=r"column 'id' is int64, which a file \*\.id cannot hold"):
        ds.write_webdataset(tmp_path / "c")
    with pytest.raises(ValueError, match="last step"):
        ds.write_webdataset(tmp_path / "d", encoder=[True, encode])

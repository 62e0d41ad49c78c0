# SPDX-License-Identifier: Apache-2.0
"""read_images gives what Pillow gives, value by value."""

from __future__ import annotations

import itertools
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

import headrace as ray

Image = pytest.importorskip("PIL.Image")

MODES = {
    "jpg": ["L", "RGB", "CMYK"],
    "png": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "tiff": ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"],
    "bmp": ["1", "L", "P", "RGB"],
    "gif": ["L", "P"],
    "webp": ["RGB", "RGBA"],
}
CASES = [(extension, mode) for extension, modes in MODES.items() for mode in modes]
SIZES = [None, (24, 17), (90, 131), (61, 20)]


def make_image(mode: str, width: int, height: int, seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 65536, (height, width), dtype=np.uint16))
    if mode == "I":
        return Image.fromarray(rng.integers(-70_000, 70_000, (height, width), dtype=np.int32))
    if mode == "F":
        return Image.fromarray(rng.normal(100, 100, (height, width)).astype(np.float32))
    coarse = rng.integers(0, 256, (height // 4 + 1, width // 4 + 1, 4), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    if mode == "P":
        return picture.convert("RGB").quantize(40)
    if mode == "1":
        return picture.convert("RGB").convert("1")
    return picture.convert(mode)


def with_pillow(path: Path, size: tuple[int, int] | None, mode: str | None) -> np.ndarray:
    image = Image.open(path)
    if size is not None and image.size != (size[1], size[0]):
        image = image.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    if mode is not None and image.mode != mode:
        image = image.convert(mode)
    return np.array(image)


def read(path: Path, **options) -> np.ndarray:
    (row,) = ray.data.read_images(str(path), **options).take_all()
    return row["image"]


@pytest.mark.parametrize(("extension", "stored"), CASES)
def test_every_format_and_mode_equals_pillow(tmp_path, extension, stored):
    for seed, (size, mode) in enumerate(itertools.product(SIZES, [None, "RGB", "L", "RGBA"])):
        path = tmp_path / f"{seed}.{extension}"
        options = {"quality": 90} if extension in ("jpg", "webp") else {}
        make_image(stored, 57 + seed, 43, seed).save(path, **options)
        # Files of formats that are not among the default extensions are read when named.
        ours = read(path, size=size, mode=mode, file_extensions=None)
        theirs = with_pillow(path, size, mode)
        assert ours.shape == theirs.shape
        # Pillow before 13 resizes in another order, which rounds differently.
        tolerance = 1 if size is not None else 0
        difference = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
        assert difference.max() <= tolerance, (size, mode)


@pytest.mark.parametrize(("extension", "stored"), CASES)
def test_every_mode_is_dithered_to_black_and_white_as_by_pillow(tmp_path, extension, stored):
    path = tmp_path / f"a.{extension}"
    make_image(stored, 57, 43, 5).save(path)
    ours = read(path, mode="1", file_extensions=None)
    assert ours.dtype == np.uint8
    np.testing.assert_array_equal(ours, with_pillow(path, None, "1"))


@pytest.mark.parametrize("mode", ["P", "I;16"])
def test_modes_that_nothing_is_converted_to(tmp_path, mode):
    make_image("RGB", 5, 7, 0).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=rf"a\.png.*Cannot convert an image of mode RGB to {mode}"):
        read(tmp_path / "a.png", mode=mode)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """The colour photographs that scikit-image carries, as JPEG files of their own size."""
    bundled = Path(pytest.importorskip("skimage").__file__).parent / "data"
    folder = tmp_path_factory.mktemp("photographs")
    names = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg", "retina.jpg")
    for name in names:
        Image.open(bundled / name).convert("RGB").save(folder / f"{Path(name).stem}.jpg", quality=90)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("divisor", [2, 4, 8])
@pytest.mark.parametrize(
    ("reduced_further", "mean", "worst_mean", "percentile_99"), [(1, 4, 7, 50), (1.6, 2.5, 4.5, 35)]
)
def test_fast_decoding_is_close_to_the_accurate_one(
    photographs, divisor, reduced_further, mean, worst_mean, percentile_99
):
    means = []
    for path in photographs:
        width, height = Image.open(path).size
        size = (int(height / divisor / reduced_further), int(width / divisor / reduced_further))
        accurate, fast = (
            read(path, size=size, mode="RGB", decode=decode).astype(int) for decode in ("accurate", "fast")
        )
        difference = np.abs(accurate - fast)
        assert 0 < difference.mean() <= worst_mean, path
        assert np.percentile(difference, 99) <= percentile_99, path
        means.append(difference.mean())
    assert np.mean(means) <= mean


def test_fast_decoding_changes_nothing_where_no_fraction_covers_the_size(photographs, tmp_path):
    path = photographs[0]
    width, height = Image.open(path).size
    for size in [None, (height // 2 + 1, 10), (10, width // 2 + 1), (2 * height, 2 * width)]:
        np.testing.assert_array_equal(read(path, size=size, decode="fast"), read(path, size=size))
    Image.open(path).save(tmp_path / "a.png")
    png = tmp_path / "a.png"
    np.testing.assert_array_equal(read(png, size=(20, 20), decode="fast"), read(png, size=(20, 20)))


def test_a_word_that_decode_does_not_know(tmp_path):
    with pytest.raises(ValueError, match='decode must be "accurate" or "fast", got \'quick\''):
        ray.data.read_images(str(tmp_path), decode="quick")


@pytest.mark.parametrize("options", [{"progressive": True}, {"subsampling": 0}, {"subsampling": 1}, {"quality": 5}])
def test_jpegs_of_every_kind_equal_pillow(tmp_path, options):
    make_image("RGB", 77, 51, 3).save(tmp_path / "a.jpg", **options)
    np.testing.assert_array_equal(read(tmp_path / "a.jpg"), with_pillow(tmp_path / "a.jpg", None, None))


def test_resized_photos_have_one_shape(tmp_path):
    for seed, (width, height) in enumerate([(50, 37), (37, 50), (24, 17), (12, 12)]):
        make_image("RGB", width, height, seed).save(tmp_path / f"{seed}.png")
    rows = ray.data.read_images(str(tmp_path), size=(17, 24), mode="RGB").take_all()
    assert [row["image"].shape for row in rows] == [(17, 24, 3)] * 4
    for seed, row in enumerate(rows):
        theirs = with_pillow(tmp_path / f"{seed}.png", (17, 24), "RGB")
        assert np.abs(row["image"].astype(int) - theirs).max() <= 1


def test_images_of_different_sizes_keep_their_shapes(tmp_path):
    for seed, (width, height) in enumerate([(5, 7), (8, 3), (4, 4)]):
        make_image("RGB", width, height, seed).save(tmp_path / f"{seed}.png")
    rows = ray.data.read_images(str(tmp_path), override_num_blocks=1).take_all()
    for seed, row in enumerate(rows):
        np.testing.assert_array_equal(row["image"], np.array(Image.open(tmp_path / f"{seed}.png")))


def test_include_paths_adds_the_path(tmp_path):
    make_image("RGB", 5, 7, 0).save(tmp_path / "a.png")
    (row,) = ray.data.read_images(str(tmp_path), include_paths=True).take_all()
    assert row["path"].endswith("a.png")


@pytest.mark.parametrize("content", [b"", b"this is not an image", b"\xff\xd8\xff\xe0\x00\x10JFIF"])
def test_a_corrupt_file_is_a_value_error_that_names_it(tmp_path, content):
    make_image("RGB", 5, 7, 0).save(tmp_path / "a.png")
    (tmp_path / "broken.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.jpg"):
        ray.data.read_images(str(tmp_path)).take_all()


def test_a_truncated_file_is_a_value_error(tmp_path):
    path = tmp_path / "cut.jpg"
    make_image("RGB", 200, 150, 0).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match="truncated"):
        ray.data.read_images(str(path)).take_all()


@pytest.mark.parametrize("size", [(0, 5), (5, -1)])
def test_size_has_to_be_positive(tmp_path, size):
    make_image("RGB", 5, 7, 0).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="positive"):
        ray.data.read_images(str(tmp_path), size=size)


def test_images_above_the_limit_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    make_image("RGB", 30, 20, 0).save(tmp_path / "a.png")
    monkeypatch.setattr(ray.data.DataContext.get_current(), "max_image_pixels", 599)
    with pytest.raises(ValueError, match=r"a\.png.*30 x 20 pixels, over the limit of 599.*max_image_pixels"):
        read(tmp_path / "a.png")
    with pytest.raises(ValueError, match="has more than 599 pixels"):
        read(tmp_path / "a.png", size=(30, 20))
    monkeypatch.setattr(ray.data.DataContext.get_current(), "max_image_pixels", 600)
    assert read(tmp_path / "a.png").shape == (20, 30, 3)


def animation(alpha):
    frames = [make_image("RGB", 30, 20, seed) for seed in range(3)]
    if alpha:
        for frame in frames:
            frame.putalpha(make_image("L", 30, 20, 9))
    return frames


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("extension", ["webp", "gif", "png"])
def test_animations_give_their_first_frame(tmp_path, extension, alpha):
    path = tmp_path / f"a.{extension}"
    first, *others = animation(alpha)
    first.save(path, save_all=True, append_images=others)
    for mode in (None, "RGB", "RGBA"):
        np.testing.assert_array_equal(read(path, mode=mode, file_extensions=None), with_pillow(path, None, mode))
    path.write_bytes(path.read_bytes()[:120])
    with pytest.raises(ValueError, match=rf"a\.{extension}"):
        read(path, file_extensions=None)


def test_orientation_is_left_to_the_user_as_with_pillow(tmp_path):
    exif = Image.Exif()
    exif[0x112] = 6  # turned by 90 degrees
    make_image("RGB", 30, 20, 0).save(tmp_path / "a.jpg", exif=exif)
    np.testing.assert_array_equal(read(tmp_path / "a.jpg"), with_pillow(tmp_path / "a.jpg", None, None))


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
@pytest.mark.parametrize(("mode", "transparency"), [("P", 3), ("P", bytes(range(40))), ("L", 5), ("RGB", (1, 2, 3))])
def test_transparent_colors_of_png(tmp_path, mode, transparency):
    make_image(mode, 30, 20, 0).save(tmp_path / "a.png", transparency=transparency)
    for wanted in (None, "RGB", "RGBA"):
        np.testing.assert_array_equal(
            read(tmp_path / "a.png", mode=wanted), with_pillow(tmp_path / "a.png", None, wanted)
        )


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_png_of_16_bits_per_channel(tmp_path, channels):
    """Pillow cannot write them."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    values = np.random.default_rng(0).integers(0, 65536, (7, 9, channels)).astype(">u2")
    header = struct.pack(">IIBBBBB", 9, 7, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in values))
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    np.testing.assert_array_equal(read(path), with_pillow(path, None, None))

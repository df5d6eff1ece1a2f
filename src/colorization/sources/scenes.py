"""Draw landscapes in which texture and position determine the color of large regions.

A scene is a sky (day with clouds, dusk with a sun, or overcast) over mountains or a forest, over
sea, sand or meadow. Brightness, texture and position identify the large regions, so a network can
learn their colors. Flowers and boats have random hues of constant lightness, which are not
predictable: this is the difficulty that the paper reports for small objects.
"""

import io
from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np
from joblib import Parallel, delayed
from PIL import Image
from skimage import color

from colorization.core.progress import progress
from colorization.core.settings import Scenes

# sRGB, 0..255. Each pair is (lower edge, upper edge) of a region, or its (dark, bright) texture.
DAY_SKY = ((186, 220, 250), (64, 124, 222))
DUSK_SKY = ((255, 176, 92), (86, 52, 112))
OVERCAST_SKY = ((214, 216, 222), (158, 164, 176))
DAY_SEA = ((10, 66, 128), (48, 134, 186))
DUSK_SEA = ((66, 34, 70), (212, 118, 84))
MEADOW = ((46, 104, 22), (132, 178, 56))
SAND = ((196, 158, 96), (240, 208, 148))
FOREST = ((10, 44, 18), (52, 98, 42))
MOUNTAIN = ((92, 90, 128), (146, 140, 170))
SNOW = (240, 243, 250)
CLOUD = (250, 250, 252)
SUN = (255, 244, 200)

# CIE Lab of flowers and boats: at this L*, sRGB contains chromas up to 36 in all hues.
FREE_LIGHTNESS, FREE_CHROMA = 65.0, 35.0

GRAIN = 2.0  # standard deviation of the noise, in 8-bit values


def draw_all(scenes: Scenes) -> Iterator[tuple[str, bytes]]:
    """Draw all scenes on all cores.

    Parameters
    ----------
    scenes : Scenes

    Yields
    ------
    name : str
        Such as "scene00017.jpg".
    content : bytes
        A JPEG file.
    """
    drawn = Parallel(n_jobs=-1, return_as="generator")(
        delayed(_jpeg)(scenes, index) for index in range(scenes.count)
    )
    for index, content in enumerate(progress(drawn, "drawing scenes", scenes.count)):
        yield f"scene{index:05d}.jpg", content


def _jpeg(scenes: Scenes, index: int) -> bytes:
    content = io.BytesIO()
    image = Image.fromarray(draw(_generator(scenes, index), scenes.width, scenes.height))
    image.save(content, "JPEG", quality=scenes.jpeg_quality)
    return content.getvalue()


def _generator(scenes: Scenes, index: int) -> np.random.Generator:
    return np.random.default_rng([scenes.seed, index])


def free_regions(scenes: Scenes, name: str) -> Image.Image:
    """Mask the regions of a scene with unpredictable colors: flowers, and the hull of the boat.

    Parameters
    ----------
    scenes : Scenes
    name : str
        Yielded by `draw_all`; may be preceded by a folder.

    Returns
    -------
    Image.Image
        Mode L; 255 inside these regions, and less along their edges.
    """
    index = int(PurePosixPath(name).stem.removeprefix("scene"))
    canvas = _draw(_generator(scenes, index), scenes.width, scenes.height)
    return Image.fromarray(np.rint(255 * canvas.free).astype(np.uint8))


def draw(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Draw one landscape.

    Parameters
    ----------
    rng : np.random.Generator
    width, height : int
        px.

    Returns
    -------
    (height, width, 3) uint8 array
        sRGB.
    """
    canvas = _draw(rng, width, height)
    grain = rng.normal(0, GRAIN, (height, width, 1))
    return np.clip(np.rint(canvas.rgb + grain), 0, 255).astype(np.uint8)


def _draw(rng: np.random.Generator, width: int, height: int) -> "_Canvas":
    """Draw a landscape without the grain."""
    canvas = _Canvas(rng, width, height)
    light = rng.choice(["day", "dusk", "overcast"], p=[0.55, 0.25, 0.2])
    ground = rng.choice(["sea", "meadow", "sand"], p=[0.45, 0.35, 0.2])
    horizon = rng.uniform(0.35, 0.55)

    _sky(canvas, light, horizon)
    backdrop = rng.choice(["none", "mountains", "forest"], p=[0.3, 0.35, 0.35])
    if backdrop == "mountains":
        _mountains(canvas, horizon)
    elif backdrop == "forest":
        _forest(canvas, horizon)

    if ground == "sea":
        _sea(canvas, light, horizon)
        if rng.random() < 0.5:
            _boat(canvas, horizon)
    else:
        _meadow(canvas, horizon) if ground == "meadow" else _sand(canvas, horizon)
    if ground == "sand" and rng.random() < 0.7:
        _sea(canvas, light, horizon, until=horizon + rng.uniform(0.12, 0.25))
    if ground == "meadow":
        _flowers(canvas, horizon)

    if light == "dusk" and ground != "sea":
        canvas.rgb[canvas.y > horizon] *= 0.75
    return canvas


class _Canvas:
    """Pixels and their coordinates: x and y run over 0..1 from the top left corner."""

    def __init__(self, rng: np.random.Generator, width: int, height: int) -> None:
        self.rng = rng
        self.width, self.height = width, height
        self.y = (np.arange(height)[:, None] + 0.5) / height * np.ones((1, width))
        self.x = (np.arange(width)[None, :] + 0.5) / width * np.ones((height, 1))
        self.rgb = np.zeros((height, width, 3))
        self.free = np.zeros((height, width))  # 1 in regions of unpredictable color

    def noise(self, across: float, down: float) -> np.ndarray:
        """Smooth noise in 0..1 with about `across` x `down` cells over the image."""
        cells = (max(2, round(across)), max(2, round(down)))
        grid = self.rng.random((cells[1], cells[0]), dtype=np.float32)
        smooth = Image.fromarray(grid).resize((self.width, self.height), Image.Resampling.BICUBIC)
        return np.clip(np.asarray(smooth, dtype=np.float64), 0, 1)

    def fractal(self, across: float, down: float) -> np.ndarray:
        """Three octaves of noise, in 0..1."""
        octaves = [self.noise(across * 2**octave, down * 2**octave) for octave in range(3)]
        return (4 * octaves[0] + 2 * octaves[1] + octaves[2]) / 7

    def ridge(self, base: float, peak: float, bumps: float) -> np.ndarray:
        """Mask, in 0..1, of the pixels below a skyline up to `peak` above `base`."""
        skyline = base - peak * self.fractal(bumps, 2)[0]
        return np.clip((self.y - skyline) * self.height, 0, 1)

    def below(self, edge: float) -> np.ndarray:
        """Mask, in 0..1, of the pixels below `edge`."""
        return np.clip((self.y - edge) * self.height, 0, 1)

    def paint(self, mask: np.ndarray, color: np.ndarray) -> None:
        """Blend `color` into the canvas by `mask`."""
        rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        inside = color[box] if color.ndim == 3 else color
        self.rgb[box] += mask[box][..., None] * (inside - self.rgb[box])

    def paint_free(self, mask: np.ndarray) -> None:
        """Paint in a random hue, of constant L* and chroma, so independent of the gray image."""
        hue = self.rng.uniform(0, 2 * np.pi)
        lab = [FREE_LIGHTNESS, FREE_CHROMA * np.cos(hue), FREE_CHROMA * np.sin(hue)]
        self.paint(mask, 255 * color.lab2rgb(lab))
        self.free = np.maximum(self.free, mask)


def _blend(low: tuple, high: tuple, amount: np.ndarray) -> np.ndarray:
    """Mix two colors: `low` where amount is 0, `high` where it is 1."""
    start, end = np.array(low, dtype=float), np.array(high, dtype=float)
    return start + np.clip(amount, 0, 1)[..., None] * (end - start)


def _sky(canvas: _Canvas, light: str, horizon: float) -> None:
    skies = {"day": DAY_SKY, "dusk": DUSK_SKY, "overcast": OVERCAST_SKY}
    elevation = 1 - canvas.y / horizon
    canvas.rgb[:] = _blend(*skies[light], elevation)
    clouds = canvas.fractal(3, 4)
    if light == "day":
        canvas.paint(np.clip(4 * clouds - canvas.rng.uniform(2.1, 2.8), 0, 0.95), np.array(CLOUD))
    elif light == "overcast":
        canvas.rgb *= (0.88 + 0.18 * clouds)[..., None]
    else:
        aspect = canvas.width / canvas.height
        x, y = canvas.rng.uniform(0.15, 0.85), horizon * canvas.rng.uniform(0.5, 0.9)
        distance = np.hypot((canvas.x - x) * aspect, canvas.y - y)
        canvas.paint(0.6 * np.exp(-((distance / 0.25) ** 2)), np.array(DUSK_SKY[0]))
        canvas.paint(np.clip((0.05 - distance) * canvas.height, 0, 1), np.array(SUN))


def _mountains(canvas: _Canvas, horizon: float) -> None:
    mask = canvas.ridge(horizon, canvas.rng.uniform(0.2, 0.35), 3)
    canvas.paint(mask, _blend(*MOUNTAIN, canvas.fractal(8, 8)))
    snow_line = horizon - canvas.rng.uniform(0.1, 0.2)
    snow = np.clip((snow_line - canvas.y) * 25 + 2 * canvas.noise(20, 10) - 1, 0, 1)
    canvas.paint(mask * snow, np.array(SNOW))


def _forest(canvas: _Canvas, horizon: float) -> None:
    crowns = canvas.ridge(horizon, canvas.rng.uniform(0.1, 0.22), 24)
    canvas.paint(crowns, _blend(*FOREST, canvas.noise(40, 30) ** 2))


def _sea(canvas: _Canvas, light: str, horizon: float, until: float = 1.0) -> None:
    mask = canvas.below(horizon) * (1 - canvas.below(until))
    depth = (canvas.y - horizon) / (1 - horizon)
    waves = canvas.noise(6, 48)
    palette = DUSK_SEA if light == "dusk" else DAY_SEA
    canvas.paint(mask, _blend(*palette, 0.75 * waves + 0.35 * (1 - depth) - 0.1))
    canvas.paint(mask * np.clip(9 * canvas.noise(14, 48) - 8.2, 0, 0.7), np.array(CLOUD))


def _meadow(canvas: _Canvas, horizon: float) -> None:
    depth = (canvas.y - horizon) / (1 - horizon)
    blades = canvas.noise(72, 18)
    canvas.paint(canvas.below(horizon), _blend(*MEADOW, 0.9 * blades + 0.2 * (1 - depth)))


def _sand(canvas: _Canvas, horizon: float) -> None:
    dunes = 0.7 * canvas.fractal(3, 7) + 0.3 * canvas.rng.random((canvas.height, canvas.width))
    canvas.paint(canvas.below(horizon), _blend(*SAND, dunes))


def _flowers(canvas: _Canvas, horizon: float) -> None:
    aspect = canvas.width / canvas.height
    for _ in range(canvas.rng.integers(0, 14)):
        x, y = canvas.rng.random(), canvas.rng.uniform(horizon + 0.12, 0.97)
        radius = 0.02 + 0.03 * (y - horizon)
        distance = np.hypot((canvas.x - x) * aspect, canvas.y - y)
        petals = np.clip((radius - distance) * canvas.height, 0, 1)
        canvas.paint_free(petals)


def _boat(canvas: _Canvas, horizon: float) -> None:
    x, y = canvas.rng.uniform(0.15, 0.85), horizon + canvas.rng.uniform(0.05, 0.3)
    length = canvas.rng.uniform(0.06, 0.12)
    down = (canvas.y - y) / (0.35 * length)
    hull = (down > 0) & (down < 1) & (np.abs(canvas.x - x) < length * (1 - 0.4 * down))
    canvas.paint_free(hull.astype(float))
    up = (y - canvas.y) / (1.8 * length)
    sail = (up > 0) & (up < 1) & (canvas.x > x) & (canvas.x - x < 0.6 * length * (1 - up))
    canvas.paint(sail.astype(float), np.array(CLOUD))

"""Make the small pictures of tutorials/README.md, one for each tutorial, in tutorials/pictures/.

    .venv/bin/python tutorials/pictures.py FIGURES         (Windows: .venv\\Scripts\\python)

FIGURES: a folder in which `run_all.py --out FIGURES` and `00_play.py --out FIGURES` have drawn all
figures. A picture is 320 pixels wide; all together have at most 300 kB.
"""
import argparse
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
WIDTH, SHADES, MOST = 320, 15, 300_000  # pixels; steps of each colour; bytes
CHOSEN = ("00_play", "01_spike_times", "02_surrogate", "03_gate", "04_raster", "05_the_v",
          "06_rate_code", "07_expected", "08_quotes", "09_membrane", "10_pulses", "11_losses",
          "12_rounds")


def smaller(image):
    """The image (height, width, 3) in 0..1, averaged down to WIDTH pixels across."""
    height = round(len(image) * WIDTH / image.shape[1])
    for axis, size in ((0, height), (1, WIDTH)):
        edges = np.arange(size) * image.shape[axis] // size
        counts = np.diff([*edges, image.shape[axis]])
        shape = [-1, 1, 1] if axis == 0 else [1, -1, 1]
        image = np.add.reduceat(image, edges, axis=axis) / counts.reshape(shape)
    return image


def main():
    """Write all pictures; return the exit status."""
    from matplotlib.image import imread, imsave

    parser = argparse.ArgumentParser(description="Make the small pictures of tutorials/README.md.")
    parser.add_argument("figures", type=Path, metavar="FIGURES", help="folder with all figures")
    folder, total = parser.parse_args().figures, 0
    (HERE / "pictures").mkdir(exist_ok=True)
    for name in CHOSEN:
        image = smaller(imread(folder / f"{name}.png")[:, :, :3])
        path = HERE / "pictures" / f"{name[:2]}.png"
        # fewer shades make a smaller file
        imsave(path, np.round(SHADES * image) / SHADES, pil_kwargs={"optimize": True})
        size = path.stat().st_size
        total += size
        print(f"{size:7,} {path}")
    print(f"{total:7,} bytes in all, at most {MOST:,}")
    return 0 if total <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())

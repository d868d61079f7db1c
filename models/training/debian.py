"""Photographs from Debian's packages: fetched with apt, unpacked without being installed.

    python debian.py --out DIR
"""

import argparse
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

# Licences per file, in each package's copyright file; the table in README.md sums them up.
PACKAGES = (
    "lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04", "mate-backgrounds", "plasma-workspace-wallpapers", "gcompris-qt-data",
)
# Plasma's pictures are called by their size, in a folder of their own each; these are the photographs among the drawings.
PLASMA = (
    "BytheWater", "ColdRipple", "ColorfulCups", "DarkestHour", "EveningGlow", "FallenLeaf", "Grey", "Kite", "OneStandsOut", "Path",
    "summer_1am",
)
# Games of GCompris that show photographs; those that take less are small, or nearly empty.
GCOMPRIS = ("erase", "explore_monuments", "explore_farm_animals", "explore_world_animals")
GCOMPRIS_LEAST_BYTES = 60_000


def fetch(out: Path) -> int:
    """Copies every picture of PACKAGES into `out`, with each package's copyright file; returns how many there are."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        # apt drops its rights for a download; in a folder of ours it only warns.
        subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=scratch, check=True)
        for package in PACKAGES:
            (archive,) = Path(scratch).glob(f"{package}_*.deb")
            tree = Path(scratch) / package
            subprocess.run(["dpkg-deb", "-x", archive, tree], check=True)
            shutil.copy(tree / "usr/share/doc" / package / "copyright", out / f"{package}.copyright")
            for picture in (tree / "usr/share/backgrounds").rglob("*.jpg"):
                if not picture.is_symlink():
                    shutil.copy(picture, out)
            for name in PLASMA:
                for picture in (tree / "usr/share/wallpapers" / name / "contents/images").glob("*.jpg"):
                    shutil.copy(picture, out / f"{name}.jpg")
            for name in GCOMPRIS:
                for resources in (tree / "usr/share/gcompris-qt/rcc").glob(f"{name}.rcc"):
                    large = (picture for picture in webp_pictures(resources.read_bytes()) if len(picture) > GCOMPRIS_LEAST_BYTES)
                    for number, picture in enumerate(large, 1):
                        (out / f"{name}-{number:02}.webp").write_bytes(picture)
    return len([*out.glob("*.jpg"), *out.glob("*.webp")])


def webp_pictures(resources: bytes) -> list[bytes]:
    """The WebP files among Qt's resources (rcc), which hold them as they are: each tells its own length (RIFF)."""
    starts = (found.start() for found in re.finditer(rb"RIFF....WEBP", resources, re.DOTALL))
    return [resources[at : at + 8 + int.from_bytes(resources[at + 4 : at + 8], "little")] for at in starts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    print(f"{fetch(parser.parse_args().out)} pictures")


if __name__ == "__main__":
    main()

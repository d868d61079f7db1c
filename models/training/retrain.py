"""From photographs to weights in one command.

    python retrain.py --work DIR [--track live-x4] [--data PHOTOGRAPHS…] [--count 1600] [--minutes 240] [--workers 2]

Debian's photographs are fetched with apt; --data adds more. Pictures and sequences that are in DIR stay, and training goes on
from the checkpoint there for as many minutes again. The weights and the manifest end in DIR.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import debian
from tracks import TRACKS


def step(script: str, *arguments: object) -> None:
    command = [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)]
    print("→", script, *arguments, flush=True)
    subprocess.run(command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--track", choices=TRACKS, default="live-x4")
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="more folders of photographs")
    parser.add_argument("--count", type=int, default=1600, help="sequences to render")
    parser.add_argument("--minutes", type=float, default=240, help="of training")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    photographs, sequences, run = (args.work / name for name in ("debian", "sequences", "run"))
    if not any(photographs.glob("*.jpg")):
        print(f"{debian.fetch(photographs)} pictures from Debian's packages", flush=True)
    rendering = ("--track", args.track, "--out", sequences, "--count", args.count, "--seed", args.seed, "--workers", args.workers)
    step("prepare.py", "--data", photographs, *args.data, *rendering)
    if TRACKS[args.track].taught:
        step("flow.py", "--data", sequences, "--workers", args.workers)
    training = ("--track", args.track, "--data", sequences, "--out", run, "--seed", args.seed, "--threads", args.workers)
    # Half of the windows are made while training: of few photographs, the rendered sequences show too little.
    more = () if TRACKS[args.track].taught else ("--photographs", photographs, *args.data)
    step("train.py", *training, *more, "--minutes", args.minutes, "--resume")
    step("export.py", run / "checkpoint.pt", "--track", args.track, "--out", args.work, "--sequences", args.count)


if __name__ == "__main__":
    main()

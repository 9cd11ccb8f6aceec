"""Runs commands in processes of their own, kills them, ends them, and compares."""

from __future__ import annotations

import contextlib
import os
import random
import shlex
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.material import Material
from tests.kills.victims import Victim, victims

SECONDS = 600
"""After which a command hangs."""
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Killer:
    """Runs commands in processes that have imported all that is slow."""

    context: Any
    folder: Path
    material: Material
    done: list[Victim] = field(default_factory=list)

    def left_alone(self, victim: Victim) -> None:
        """Runs the command to its end, for its result and its time."""
        folder = self._place(f"alone-{len(self.done)}", victim)
        start = time.monotonic()
        code, err = self._run(victim, folder, None, None)
        if code != 0:
            raise AssertionError(f"{victim.name}: exit code {code}\n{err}")
        victim.seconds = time.monotonic() - start
        victim.alone = victim.result(folder)
        victim.whole(folder)
        self.done.append(victim)

    def kill(self, victim: Victim, number: int, chance: random.Random) -> str:
        """Kill the command one to three times, and end it; what is wrong, or an empty text."""
        folder = self._place(f"killed-{number}", victim)
        story = []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            kind, moment = chance.choice(SIGNALS), chance.uniform(0.02, 1.0) * victim.seconds
            code, err = self._run(victim, folder, kind, moment)
            story.append(f"{kind.name} after {moment:.2f} s: exit code {code}")
            ignored = (
                "Exception ignored in" in err
            )  # the signal came within a finalizer, where Python tells and goes on
            if "Traceback" in err and kind is not signal.SIGINT and not ignored:
                return self._told(victim, folder, story, f"a traceback:\n{err[-1500:]}")
            try:
                victim.whole(folder)
            except Exception as error:
                return self._told(victim, folder, story, f"half-written: {error!r}")
            if code == 0:  # it had ended before
                break
        if code != 0 and not self._is_done(victim, folder):
            code, err = self._run(victim, folder, None, None)
            story.append(f"again: exit code {code}")
        if code != 0 and not self._is_done(victim, folder):
            return self._told(victim, folder, story, f"the same command ends with {code}:\n{err[-1500:]}")
        if victim.result(folder) != victim.alone:
            return self._told(victim, folder, story, "another result than that of the command alone")
        if left := [path.name for path in folder.rglob(".writing-*")] if "KILL" not in " ".join(story) else []:
            return self._told(victim, folder, story, f"left behind: {', '.join(left)}")
        shutil.rmtree(folder)
        return ""

    @staticmethod
    def _is_done(victim: Victim, folder: Path) -> bool:
        """Whether it was killed when its result was whole already: a new folder would be refused to it."""
        try:
            return bool(victim.result(folder) == victim.alone)
        except OSError:
            return False

    def _place(self, name: str, victim: Victim) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True)
        victim.prepare(folder, self.material)
        return folder

    def _run(self, victim: Victim, folder: Path, kind: signal.Signals | None, moment: float | None) -> tuple[int, str]:
        process = self.context.Process(target=_in_folder, args=(folder, victim.command), daemon=False)
        process.start()
        if kind is not None:
            process.join(moment)
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, kind)
        process.join(SECONDS)
        hangs = process.is_alive()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it started, and itself if it hangs
        process.join()
        err = (folder / "err.txt").read_text("utf-8", "replace") if (folder / "err.txt").exists() else ""
        return (-999 if hangs else process.exitcode), err

    @staticmethod
    def _told(victim: Victim, folder: Path, story: list[str], what: str) -> str:
        return f"{victim.name}: {'; '.join(story)}: {what}\n  cd {folder} && bertkit {shlex.join(victim.command)}"


def _in_folder(folder: Path, command: list[str]) -> None:
    from tests.launched import forked

    os.setpgid(0, 0)
    os.chdir(folder)
    forked(command, (folder / "out.txt", folder / "err.txt"), {"COLUMNS": "200"})


def killed(number: int, seed: int, killer: Killer, names: str = "") -> list[str]:
    """What is wrong after so many kills."""
    chosen = [victim for victim in victims() if names in victim.name]
    for victim in chosen:
        killer.left_alone(victim)
    chance = random.Random(seed)
    wrong = []
    for place in range(number):
        if told := killer.kill(chosen[place % len(chosen)], place, chance):
            wrong.append(told)
            print(told, flush=True)  # noqa: T201
    return wrong

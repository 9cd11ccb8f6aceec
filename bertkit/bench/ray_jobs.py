"""Jobs as Ray tasks: each runs in a process of its own on a node that has room.

All nodes must see the output folder, and the data, under the same path. Ray starts a job whose node dies again on
another one, where it goes on from its last checkpoint; that was not tried with a node that dies.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from bertkit import processes
from bertkit.bench.job import Job, to_json
from bertkit.bench.runner import start_process
from bertkit.engine.cluster import Cluster


class RayJobs:
    """Starts jobs on the nodes of a cluster.

    Args:
        parallel: jobs at a time; None: as `Cluster.share` says.
    """

    def __init__(self, cluster: Cluster, parallel: int | None = None):
        self._share = cluster.share(parallel)
        self.number = self._share.count

    def __call__(self, job: Job, place: int) -> RayProcess:
        import ray

        share = self._share
        task: Any = ray.remote(num_cpus=share.cpus, num_gpus=share.gpus)(run_job)
        return RayProcess(task.remote(to_json(job), str(job.log_file), str(Path.cwd()), max(1, int(share.cpus))))


class RayProcess:
    """A Ray task that runs a job, as `subprocess.Popen`."""

    def __init__(self, task: Any):
        self._task = task
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._wait(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("ray", timeout or 0)
        return code

    def terminate(self) -> None:
        """Ask the job to save and end."""
        import ray

        ray.cancel(self._task)

    def kill(self) -> None:
        import ray

        ray.cancel(self._task, force=True)

    def _wait(self, timeout: float | None) -> int | None:
        import ray

        if self.returncode is None and ray.wait([self._task], timeout=timeout)[0]:
            try:
                self.returncode = ray.get(self._task)
            except ray.exceptions.TaskCancelledError:
                self.returncode = processes.STOPPED
            except ray.exceptions.RayError:  # the node or Ray's process was killed, again and again
                self.returncode = 1
        return self.returncode


def run_job(job: str, log: str, folder: str, threads: int) -> int:
    """Run a job in a process of its own; the exit code. Cancelled, it lets the job save first.

    Args:
        folder: from which its paths start.
        threads: at most; without GPUs the cores that Ray gives.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    process = start_process(job, Path(folder, log), environment, folder=Path(folder))
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        try:
            return process.wait(processes.SAVING)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

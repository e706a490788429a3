"""Chunks on Dask workers that are jobs of SLURM, started through dask-jobqueue."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

from agents.errors import InputError
from experiments.study.dask_executor import Crew, close
from experiments.study.executors import ENVIRONMENT, Deliver, without_interrupts
from experiments.study.site import Site
from experiments.study.work import Work

if TYPE_CHECKING:
    from dask_jobqueue.slurm import SLURMCluster


def slurm(work: Work, deliver: Deliver) -> None:
    """Ask SLURM for jobs with workers, and run chunks on those that come; more join as they start."""
    if shutil.which("sbatch") is None:
        raise InputError(
            "executor=slurm: there is no sbatch on this computer; give the command on a login node of the cluster, or use "
            "executor=shards, which writes a script to submit there"
        )
    import dask
    from distributed import Client

    jobs = math.ceil(work.workers / work.site.cores)
    # A job that reaches its time limit is no fault of the run it was at, so a run may lose its worker twice.
    with dask.config.set({"distributed.scheduler.allowed-failures": 1}):
        with without_interrupts():
            cluster = make_cluster(work.site)
            client = Client(cluster, set_as_default=False)  # type: ignore[no-untyped-call]
        try:

            def keep_up() -> None:
                cluster.scale(jobs=jobs)  # type: ignore[no-untyped-call]

            keep_up()
            Crew(work, deliver, client, at_home=False, upkeep=keep_up, patient=True).run()
        finally:
            close(client, cluster.close)


def make_cluster(site: Site) -> SLURMCluster:
    """Return a cluster without jobs yet; ``job_script()`` of it is what SLURM will get.

    Raises
    ------
    InputError
        When dask-jobqueue is not installed, or this computer has no such network interface.
    """
    try:
        from dask_jobqueue.slurm import SLURMCluster
    except ImportError:
        raise InputError("executor=slurm: needs dask-jobqueue; install it with pip install 'marchland[cluster]'") from None
    logs = site.folder / "slurm"
    try:
        return SLURMCluster(
            queue=site.partition or None, account=site.account or None, walltime=site.walltime, cores=site.cores,
            processes=site.cores, memory=f"{site.memory}iB", interface=site.interface or None, python=shlex.quote(sys.executable),
            job_name="marchland", log_directory=str(logs), local_directory='"${TMPDIR:-/tmp}"', death_timeout=120,
            job_script_prologue=[
                *(f"export {name}={value}" for name, value in ENVIRONMENT.items()),
                f"cd {shlex.quote(os.getcwd())} || exit 1",
            ],
            scheduler_options={"dashboard_address": None},
        )  # fmt: skip
    except (ValueError, OSError) as error:
        raise InputError(f"executor=slurm: {' '.join(str(error).split())[:160]}; see docs/cluster.md for its keys") from None

"""Shards and SLURM: the scripts that are written, run for real without SLURM, and on one where it can be started."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_runner import ended

from agents.errors import InputError
from experiments.cli import main
from experiments.study import claim
from experiments.study.claim import locked
from experiments.study.parts import list_parts
from experiments.study.remember import recall
from experiments.study.runner import results
from experiments.study.shards import run_shard, script, shard_folder
from experiments.study.site import Site

ROOT = Path(__file__).parent.parent
BASE = ["design=lhs", "n=3", "replicates=2", "scenario=two_states", "scenario.end=2001-01-20", "parameters.violence.branching=0.2..0.6"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def swept(folder: Path, *words: str) -> int:
    return main(["sweep", *BASE, *words, f"output={folder}"])


def hash_of(folder: Path) -> str:
    return str(json.loads((folder / "manifest.json").read_text())["results_hash"])


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The content hash of the same study in one process."""
    folder = tmp_path_factory.mktemp("serial") / "s"
    assert swept(folder, "executor=serial") == 0
    return hash_of(folder)


def element(folder: Path, shard: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(folder / "submit.sbatch"), str(shard)], env=ENVIRONMENT, capture_output=True, text=True, timeout=120, cwd="/"
    )


def test_shards_without_slurm(tmp_path: Path, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Plan, one shard, a first look, the other shard, everything: the same content as in one process."""
    folder = tmp_path / "it's a study"
    words = ["executor=shards", "shards=2", "series=true"]
    assert swept(folder, *words) == 0
    said = capsys.readouterr().err
    told = next(line for line in said.splitlines() if "sbatch " in line).partition("sbatch ")[2]
    assert shlex.split(told) == [str(folder / "submit.sbatch")], "the line can be given to a shell as it is"
    assert "6 runs are left; submit its shards" in said and "same command again to go on" not in said and not (folder / "results.parquet").exists()
    assert (folder / "plan.parquet").is_file() and recall(folder).shards == 2 and recall(folder).words[0] == "design=lhs"
    done = element(folder, 1)
    assert done.returncode == 0, done.stderr
    assert swept(folder, *words) == 1
    assert "3 runs are left" in capsys.readouterr().err
    done = element(folder, 0)
    assert done.returncode == 0 and "3 of 3 runs finished" in done.stderr, done.stderr
    again = element(folder, 0)
    assert again.returncode == 0 and "3 runs planned, 3 are there already" in again.stderr, again.stderr
    assert swept(folder, *words) == 0 and hash_of(folder) == wanted
    from experiments.study.parts import series

    assert len(set(series(folder / "series")["run_id"].to_pylist())) == 6
    assert element(folder, 2).returncode == 2


@pytest.mark.slow
def test_a_killed_shard_goes_on(tmp_path: Path) -> None:
    """``kill -9`` of an element: what it had is kept, and the element started again does only the rest."""
    longer = [word for word in BASE if not word.startswith(("scenario.end", "n="))] + ["scenario.end=2001-04-15", "n=6"]
    for name, more in (("s", ["executor=serial"]), ("k", ["executor=shards", "shards=1"])):
        assert main(["sweep", *longer, *more, f"output={tmp_path / name}"]) == 0
    folder = tmp_path / "k"
    process = subprocess.Popen(["bash", str(folder / "submit.sbatch"), "0"], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60.0
    while not list_parts(shard_folder(folder, 0) / "parts"):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    with pytest.raises(InputError, match="another sweep is at work"):  # the same element twice
        run_shard(folder, 0)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    again = element(folder, 0)
    assert again.returncode == 0 and "were there already" in again.stderr, again.stderr
    assert main(["sweep", *longer, "executor=shards", "shards=1", f"output={folder}"]) == 0
    assert hash_of(folder) == hash_of(tmp_path / "s")


def test_what_shards_refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "s"
    assert swept(folder, "executor=shards", "shards=2") == 0
    with pytest.raises(InputError, match="shard 2 is none of its 2"):
        run_shard(folder, 2)
    with pytest.raises(InputError, match=r"sweep\.json: no such file"):
        run_shard(tmp_path, 0)
    told = json.loads((folder / "study.json").read_text())
    (folder / "study.json").write_text(json.dumps({**told, "code_hash": "0" * 64}))
    with pytest.raises(InputError, match="planned with another code"):
        run_shard(folder, 0)
    (folder / "study.json").write_text(json.dumps(told))
    # A shard that ran something else is not taken in.
    run_shard(folder, 0)
    (shard_folder(folder, 0) / "study.json").write_text(json.dumps({**told, "config_hash": "0" * 64}))
    assert swept(folder, "executor=shards", "shards=2") == 2
    assert "another config or code" in capsys.readouterr().err
    assert swept(folder, "executor=shards", "shards=3") == 2
    assert "give shards=2" in capsys.readouterr().err
    shutil.rmtree(shard_folder(folder, 0))
    (folder / "sweep.json").write_text("{")
    with pytest.raises(InputError, match="is damaged; give the command"):
        run_shard(folder, 0)
    assert swept(folder, "executor=shards", "shards=2") == 0 and recall(folder).shards == 2
    (folder / "plan.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="holds no plan, or is damaged"):
        run_shard(folder, 0)


def test_force_goes_on_with_shards_of_another_config(tmp_path: Path) -> None:
    """What a shard ran before ``--force`` is kept, taken in already or not, and the others go on."""
    words = ["executor=shards", "shards=3"]
    assert swept(tmp_path, *words) == 0
    run_shard(tmp_path, 0)
    assert swept(tmp_path, *words) == 1
    run_shard(tmp_path, 1)
    changed = [*words, "parameters.society.legitimacy_operations=0.3"]
    assert swept(tmp_path, *changed) == 2, "not without --force"
    assert swept(tmp_path, *changed, "--force") == 1
    assert results(tmp_path).num_rows == 4
    shutil.rmtree(shard_folder(tmp_path, 1) / "parts")  # a shard that must run again what it had begun under the former config
    for shard in range(3):
        assert run_shard(tmp_path, shard).missing == 0
    assert swept(tmp_path, *changed) == 0 and results(tmp_path).num_rows == 6


def test_failed_runs_of_shards_are_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``retry_failed=true`` says to submit, and takes in no row that is there already."""
    words = ["executor=shards", "shards=1"]
    assert swept(tmp_path, *words, "timeout=0.001") == 0
    assert run_shard(tmp_path, 0).counts == {"timeout": 6}
    assert swept(tmp_path, *words) == 1, "every run has a row, none is ok"
    before = [part.path.name for part in list_parts(tmp_path / "parts")]
    capsys.readouterr()
    assert swept(tmp_path, *words, "retry_failed=true") == 1
    assert "sbatch" in capsys.readouterr().err
    assert [part.path.name for part in list_parts(tmp_path / "parts")] == before
    assert run_shard(tmp_path, 0).counts == {"ok": 6}
    assert swept(tmp_path, *words, "retry_failed=true") == 0 and "sbatch" not in capsys.readouterr().err
    assert set(results(tmp_path)["status"].to_pylist()) == {"ok"}


def test_a_shard_follows_no_link(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "s", tmp_path / "elsewhere"
    assert swept(folder, "executor=shards", "shards=1") == 0
    elsewhere.mkdir()
    shard_folder(folder, 0).symlink_to(elsewhere)
    with pytest.raises(InputError, match="is a link to another place"):
        run_shard(folder, 0)
    assert list(elsewhere.iterdir()) == []


def lock_of(folder: Path, age: float, **owner: str) -> Path:
    """A lock that a process on another computer left, so many seconds ago."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    path.write_text(json.dumps({"pid": 77, "host": "node7", **owner}))
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_the_lock_of_a_dead_computer_is_taken_over(tmp_path: Path) -> None:
    """A shard whose node went down is started on another one: its lock is not touched any more."""
    assert swept(tmp_path, "executor=shards", "shards=1") == 0
    lock_of(shard_folder(tmp_path, 0), 10.0)
    with pytest.raises(InputError, match="process 77 on node7"):
        run_shard(tmp_path, 0)
    lock_of(shard_folder(tmp_path, 0), 1000.0)
    assert run_shard(tmp_path, 0).counts == {"ok": 6}


@pytest.mark.parametrize(("restarts", "free"), [("1", True), ("0", False)])
def test_the_lock_of_this_very_job_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restarts: str, free: bool) -> None:
    """SLURM starts a job anew, under its number, when it has ended; the same start on two nodes is no such case."""
    for name, value in (("SLURM_CLUSTER_NAME", "c"), ("SLURM_JOB_ID", "12"), ("SLURM_RESTART_COUNT", restarts)):
        monkeypatch.setenv(name, value)
    lock_of(tmp_path, 0.0, job="c/12", restarts="0")
    if free:
        with locked(tmp_path):
            assert json.loads((tmp_path / ".lock").read_text())["pid"] == os.getpid()
    else:
        with pytest.raises(InputError, match="another sweep is at work"), locked(tmp_path):
            pass
    other = lock_of(tmp_path / "other", 0.0, job="c/13", restarts="0")
    with pytest.raises(InputError, match="another sweep is at work"), locked(other.parent):
        pass


def test_a_lock_that_is_held_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim, "BEAT_SECONDS", 0.02)
    with locked(tmp_path):
        os.utime(tmp_path / ".lock", (0.0, 0.0))
        end = time.monotonic() + 10.0
        while (tmp_path / ".lock").stat().st_mtime < time.time() - 60.0:
            assert time.monotonic() < end
            time.sleep(0.01)
        (tmp_path / ".lock").write_text('{"pid": 1, "host": "node9"}')
    assert "node9" in (tmp_path / ".lock").read_text(), "a lock that somebody took over is left to them"


def test_a_plan_runs_no_code_that_was_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder from a stranger names a class: it counts only when the command line of the shard names it too."""
    (tmp_path / "stranger.py").write_text(
        "from pathlib import Path\nPath('ran').touch()\nfrom agents.policies.status_quo import *\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    from dataclasses import replace

    from experiments.study.plan import read_plan, write_plan

    assert swept(tmp_path / "s", "executor=shards", "shards=1") == 0
    plan = read_plan(tmp_path / "s" / "plan.parquet")
    write_plan(replace(plan, trusted=("stranger:StatusQuo",)), tmp_path / "s" / "plan.parquet")
    with pytest.raises(InputError, match="say so: trust=stranger:StatusQuo"):
        run_shard(tmp_path / "s", 0)
    assert not (tmp_path / "ran").exists()


def test_the_script(tmp_path: Path) -> None:
    """What SLURM is asked for, words that need quotes, and no complaint of shellcheck."""
    site = Site(tmp_path / "a 'b' $c", shards=5, partition="long", account="me", walltime="2-00:00:00", memory="4G", cores=3)
    text = script(site, ("mymodule:MyPolicy",))
    for line in ("array=0-4", "partition=long", "account=me", "time=2-00:00:00", "mem=4G", "cpus-per-task=3", "requeue"):
        assert f"#SBATCH --{line}\n" in text
    assert "export OMP_NUM_THREADS=1\n" in text and "export PYTHONHASHSEED=0\n" in text
    assert text.rstrip().endswith('-m experiments.shard "$study" "$shard" workers=3 trust=mymodule:MyPolicy')
    assert "partition" not in script(Site(tmp_path)) and "account" not in script(Site(tmp_path))
    file = tmp_path / "s.sbatch"
    file.write_text(text)
    subprocess.run(["bash", "-n", str(file)], check=True)
    said = subprocess.run(["bash", str(file)], capture_output=True, text=True, env={**os.environ, "SLURM_ARRAY_TASK_ID": ""})
    assert said.returncode != 0 and "give the number of a shard, 0 to 4" in said.stderr
    if shutil.which("shellcheck"):
        assert subprocess.run(["shellcheck", str(file)], capture_output=True).stdout == b""


def test_the_script_of_dask_jobqueue(tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue", reason="needs the extra [cluster]")
    from experiments.study.slurm import make_cluster

    cluster = make_cluster(Site(tmp_path, partition="long", account="me", walltime="01:00:00", memory="4G", cores=2))
    try:
        text = cluster.job_script()
    finally:
        cluster.close()
    for line in ("#SBATCH -p long", "#SBATCH -A me", "#SBATCH --cpus-per-task=2", "#SBATCH --mem=4G", "#SBATCH -t 01:00:00"):
        assert line in text
    assert "export PYTHONHASHSEED=0" in text and "export OMP_NUM_THREADS=1" in text and "--nworkers 2 " in text and "--nthreads 1 " in text


def test_no_sbatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("dask_jobqueue", reason="needs the extra [cluster]")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert swept(tmp_path / "s", "executor=slurm") == 2
    assert "no sbatch on this computer" in capsys.readouterr().err


def test_words_of_the_shard_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from experiments import shard

    for words in (["x"], ["x", "one"], [], ["x", "1", "more"], ["x", "1", "workers=none"], ["/nowhere", "0"]):
        monkeypatch.setattr(sys, "argv", ["shard", *words])
        assert shard._command() == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ") and said.count("\n") == 1


CONFIG = """ClusterName=test
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={port}
SlurmdPort={other}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmUser=root
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def slurm() -> Iterator[dict[str, str]]:
    """A SLURM of one node, with daemons of its own; the environment in which its commands find it."""
    missing = [name for name in ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel") if shutil.which(name, path="/usr/sbin:/usr/bin:" + os.environ["PATH"]) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"no SLURM to start: {', '.join(missing) + ' not installed (apt install slurm-wlm munge)' if missing else 'needs root'}")
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "key").write_bytes(os.urandom(1024))
    (folder / "key").chmod(0o400)
    host = socket.gethostname().split(".")[0]
    cores = len(os.sched_getaffinity(0))
    (folder / "slurm.conf").write_text(CONFIG.format(host=host, folder=folder, port=free_port(), other=free_port(), cores=cores))
    environment = {**ENVIRONMENT, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    files = {name: f"--{option}={folder}/{name}" for name, option in (("key", "key-file"), ("munge.socket", "socket"), ("munge.pid", "pid-file"), ("munge.log", "log-file"), ("munge.seed", "seed-file"))}
    try:
        for command in (["munged", "--force", *files.values()], ["slurmctld", "-c"], ["slurmd", "-c"]):
            subprocess.run(command, env=environment, check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60.0
        while "idle" not in (state := subprocess.run(["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True, text=True).stdout):
            if time.monotonic() > end:
                pytest.skip(f"SLURM does not start here: node {state.strip() or 'unknown'}")
            time.sleep(0.2)
        yield environment
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"SLURM does not start here: {error}")
    finally:
        subprocess.run(["scancel", "--full", "--user=root"], env=environment, timeout=60, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        for name in ("slurmd.pid", "slurmctld.pid", "munge.pid"):
            if (folder / name).is_file():
                pid = int((folder / name).read_text())
                os.kill(pid, signal.SIGTERM)
                end = time.monotonic() + 20.0
                while not ended(pid) and time.monotonic() < end:
                    time.sleep(0.05)
        shutil.rmtree(folder, ignore_errors=True)


def test_an_array_on_slurm(tmp_path: Path, slurm: dict[str, str], wanted: str) -> None:
    words = ["executor=shards", "shards=2", "slurm.memory=500M", "slurm.walltime=10", "slurm.partition=main"]
    assert swept(tmp_path, *words) == 0
    subprocess.run(["sbatch", str(tmp_path / "submit.sbatch")], env=slurm, check=True, capture_output=True)
    end = time.monotonic() + 120.0
    while subprocess.run(["squeue", "-h"], env=slurm, capture_output=True, check=True).stdout:
        assert time.monotonic() < end
        time.sleep(0.3)
    logs = [(tmp_path / "shards" / f"log-{shard}.txt").read_text() for shard in (0, 1)]
    assert all("3 of 3 runs finished" in log for log in logs), logs
    assert swept(tmp_path, *words) == 0 and hash_of(tmp_path) == wanted


def test_dask_workers_as_jobs_of_slurm(
    tmp_path: Path, slurm: dict[str, str], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("dask_jobqueue", reason="needs the extra [cluster]")
    for name in ("SLURM_CONF", "PATH", "PYTHONPATH"):
        monkeypatch.setenv(name, slurm[name])
    words = ["executor=slurm", "workers=2", "slurm.memory=500M", "slurm.walltime=10", "slurm.partition=main"]
    assert swept(tmp_path, *words) == 0 and hash_of(tmp_path) == wanted
    assert len(list((tmp_path / "slurm").glob("marchland-*.err"))) >= 1
    end = time.monotonic() + 30.0
    while subprocess.run(["squeue", "-h"], env=slurm, capture_output=True, check=True).stdout:  # no job is left behind
        assert time.monotonic() < end
        time.sleep(0.3)

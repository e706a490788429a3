"""What a worker far away must share with us, so that its results are ours."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from agents.errors import InputError
from experiments.study.claim import code_hash


@dataclass(frozen=True)
class Version:
    """Versions of the code of the model and of NumPy, and whether the study's folder is there."""

    code: str
    numpy: str
    sees_folder: bool = True

    def differs(self, ours: Version, folder: str) -> str:
        """Return in words what differs; nothing when all is the same."""
        if self.code != ours.code:
            return f"has another code of the model ({self.code[:12]}, here {ours.code[:12]}); install the same Marchland there and start it again"
        if self.numpy != ours.numpy:
            return f"has NumPy {self.numpy}, here {ours.numpy}; install the same there and start it again"
        if ours.sees_folder and not self.sees_folder:
            return f"does not see {folder}; put the study where all computers see it (output=FOLDER)"
        return ""


#: The code of the model that this process has loaded, whatever happens to its files later.
_LOADED = code_hash()


def version_of(trusted: tuple[str, ...], folder: str) -> Version:
    """Return what this process runs with; called in workers too."""
    code = f"{_LOADED}+{code_hash(trusted)}" if trusted else _LOADED
    return Version(code, version("numpy"), not folder or Path(folder).is_dir())


def need_dask(what: str) -> None:
    """Refuse in one line when the extra is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError(f"{what}: needs Dask; install it with pip install 'marchland[cluster]'") from None

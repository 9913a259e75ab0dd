"""Which engine does the work, and why not a better one.

One list, best first; the first that this machine can run is used.  `FASTJWT_ENGINE=name` forces one, and a name that
cannot run here is an error: a silent fallback would make every number a lie.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .backends.base import Backend

__all__ = ["EngineInfo", "available", "counters", "current", "engine", "usable_cpus", "use"]


class EngineInfo(NamedTuple):
    """The engine in use."""

    name: str
    openssl_version: str  # of the libcrypto that is loaded now
    threads: int  # what threads=None means here
    reason: str  # why no better engine is used; empty if there is none
    available: tuple[str, ...]  # the engines that can run here, best first


# --- The engines -----------------------------------------------------------------------------------------------------


def _load_avx512ifma() -> Backend:
    from .backends.native import IFMABackend

    return IFMABackend()


def _load_openssl() -> Backend:
    from .backends.native import OpenSSLBackend

    return OpenSSLBackend()


def _load_pure() -> Backend:
    from .backends.pyca import PureBackend

    return PureBackend()


_LOADERS: dict[str, Callable[[], Backend]] = {
    "avx512ifma": _load_avx512ifma,
    "openssl": _load_openssl,
    "pure": _load_pure,
}

_lock = threading.RLock()


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # a thread that was choosing has no other half in the child
    os.register_at_fork(after_in_child=_renew_lock)


_loaded: dict[str, Backend] = {}
_refused: dict[str, str] = {}
_current: Backend | None = None
_forced = False
_warned = False


def _why_no_native(error: ImportError) -> str:
    """Say in the build's own words what was missing, if there was a build that knew."""
    try:
        from . import _build_info
    except ImportError:
        return f"the native extension cannot be loaded ({error}); it was not built in this place"
    if _build_info.NATIVE:
        return f"the native extension was built but cannot be loaded ({error})"
    return f"the native extension was not built: {_build_info.REASON}"


def _load(name: str) -> Backend | None:
    """Return the named engine, or None with the reason in `_refused`."""
    with _lock:
        if name not in _loaded and name not in _refused:
            try:
                _loaded[name] = _LOADERS[name]()
            except ImportError as error:
                # An engine that finds itself unfit says why in words of its own; a module that is missing has a name.
                own_words = error.name is None or name == "pure"
                _refused[name] = str(error) if own_words else _why_no_native(error)
        return _loaded.get(name)


def available() -> tuple[str, ...]:
    """Return the names of the engines that can run here, best first."""
    return tuple(name for name in _LOADERS if _load(name) is not None)


def why_not(name: str) -> str:
    """Return why the named engine cannot run here, or an empty text if it can."""
    return "" if _load(name) is not None else _refused[name]


def names() -> tuple[str, ...]:
    """Return the names of all engines, best first, whether they can run here or not."""
    return tuple(_LOADERS)


def _choose() -> Backend:
    global _forced
    wanted = os.environ.get("FASTJWT_ENGINE")
    if wanted:
        _forced = True
        return _named(wanted)
    for name in _LOADERS:
        backend = _load(name)
        if backend is not None:
            return backend
    raise RuntimeError("no engine can run here: " + "; ".join(_refused.values()))


def _named(name: str) -> Backend:
    if name not in names():
        raise ValueError(f"engine {name!r} is unknown; this version has {', '.join(names())}")
    backend = _load(name)
    if backend is None:
        raise ValueError(f"engine {name!r} cannot run here: {why_not(name)}")
    return backend


def current() -> Backend:
    """Return the engine in use.

    Raises ValueError if `FASTJWT_ENGINE` names one that cannot run here, and RuntimeError if none can.
    """
    global _current
    if _current is None:
        with _lock:
            if _current is None:
                _current = _choose()
    return _current


@contextlib.contextmanager
def use(name: str) -> Iterator[Backend]:
    """Use the named engine inside the block, in the whole process; for tests that compare engines."""
    global _current
    before = current()
    _current = _named(name)
    try:
        yield _current
    finally:
        _current = before


# --- What the outside asks -------------------------------------------------------------------------------------------


def engine() -> EngineInfo:
    """Return which engine is used, with which libcrypto, on how many threads, and why not a better one."""
    backend = current()
    better = names()[: names().index(backend.name)]
    reasons = [f"{name}: {why_not(name) or 'not chosen (FASTJWT_ENGINE)'}" for name in better]
    return EngineInfo(backend.name, backend.openssl_version, usable_cpus(), "; ".join(reasons), available())


def counters() -> dict[str, int]:
    """Return how many signatures, verifications and HMACs each loaded engine has done in this process."""
    counts: dict[str, int] = {}
    for backend in list(_loaded.values()):
        counts.update(backend.counters())
    return counts


def warn_if_slow() -> None:
    """Say once, at the first batch, that the slow engine runs because no fast one could be built or loaded."""
    global _warned
    if _warned or _forced or current().name != "pure":
        return
    reason = why_not("openssl")
    if not reason:  # somebody chose the slow engine
        return
    _warned = True
    warnings.warn(
        f"fastjwt runs on its slow engine: {reason} (`python -m fastjwt doctor` says how to mend it)",
        RuntimeWarning,
        stacklevel=3,
    )


def usable_cpus() -> int:
    """Return how many CPUs this process may use: its affinity, and the quota of its control group."""
    try:
        cpus = len(os.sched_getaffinity(0))
    except AttributeError:  # pragma: no cover - not Linux
        cpus = os.cpu_count() or 1
    quota = _granted_cpus()
    return max(1, min(cpus, quota)) if quota else max(1, cpus)


_GRANT_SECONDS = 1.0
_granted = (-math.inf, 0)  # when the control groups were read, and what they grant


def _granted_cpus() -> int:
    """Return `_cgroup_cpus()` of this second: reading the files takes as long as eight verifications."""
    global _granted
    now = time.monotonic()
    read, cpus = _granted
    if now - read >= _GRANT_SECONDS:
        cpus = _cgroup_cpus()
        _granted = (now, cpus)
    return cpus


def _cgroup_cpus(root: str = "/sys/fs/cgroup", membership: str = "/proc/self/cgroup") -> int:
    """Return the CPUs that the control groups grant, rounded up, or 0 where they set no limit."""
    grants = []
    try:
        groups = _text_of(membership).splitlines()
    except OSError:
        return 0
    for line in groups:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":  # version 2
            grants += [_quota_v2(group) for group in _groups(root, path)]
        elif "cpu" in controllers.split(","):
            grants += [_quota_v1(group) for group in _groups(os.path.join(root, "cpu"), path)]
    return min((grant for grant in grants if grant), default=0)


def _text_of(*path: str) -> str:
    """Return a file's text (pathlib would double the time that `import fastjwt` takes)."""
    with open(os.path.join(*path), encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _groups(root: str, path: str) -> Iterator[str]:
    """Yield a control group and those that hold it: the limit of each on the way to the root counts."""
    names = [name for name in path.split("/") if name]
    for depth in range(len(names), -1, -1):
        yield os.path.join(root, *names[:depth])


def _quota_v2(folder: str) -> int:
    try:
        quota, period = _text_of(folder, "cpu.max").split()
        return 0 if quota == "max" else -(-int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return 0


def _quota_v1(folder: str) -> int:
    try:
        quota = int(_text_of(folder, "cpu.cfs_quota_us"))
        period = int(_text_of(folder, "cpu.cfs_period_us"))
        return 0 if quota <= 0 else -(-quota // period)
    except (OSError, ValueError, ZeroDivisionError):
        return 0

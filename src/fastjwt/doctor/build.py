"""How the package was built, what a better build would need, and the commands that make one."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["DISTRIBUTION", "build_info", "missing_parts", "rebuild_commands"]

DISTRIBUTION = "fastjwt-openssl"

_NAMES = ("NATIVE", "MODE", "REASON", "REMEDY", "COMPILER", "FLAGS", "OPENSSL_HEADERS", "COMPILER_OUTPUT")

_PYTHON_INCLUDE = sysconfig.get_path("include")
_INCLUDE_ROOTS = (
    _PYTHON_INCLUDE,
    "/usr/include",
    "/usr/local/include",
    f"/usr/include/{platform.machine()}-linux-gnu",
)

# What a build includes, in words, and the package of Debian and Ubuntu that brings it.
_HEADERS = (
    ("stdlib.h", "the C library's headers (stdlib.h)", "libc6-dev"),
    ("Python.h", f"Python's headers (Python.h in {_PYTHON_INCLUDE})", "python3-dev"),
    ("openssl/evp.h", "OpenSSL's headers (openssl/evp.h)", "libssl-dev"),
)


def build_info() -> dict[str, Any]:
    """Return what the build wrote down about itself; `recorded` is False where it did not."""
    try:
        info: Any = importlib.import_module("fastjwt._build_info")
    except ImportError:
        return {"recorded": False}
    return {"recorded": True, **{name.lower(): getattr(info, name, None) for name in _NAMES}}


def missing_parts() -> list[tuple[str, str]]:
    """Return what a build of the native engine would lack here now, each with the Debian package that brings it.

    Found out as the build does, by asking the compiler; without one, by looking where headers usually are.
    """
    # The one that builds use: Python remembers what it was compiled with itself.
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    if shutil.which(compiler[0]) is None:
        return [(f"a C compiler ({compiler[0]})", "gcc"), *_missing_headers(_lies_around)]
    return _missing_headers(lambda header: _preprocesses(compiler, header))


def _missing_headers(is_there: Callable[[str], bool]) -> list[tuple[str, str]]:
    return [(what, package) for header, what, package in _HEADERS if not is_there(header)]


def _lies_around(header: str) -> bool:
    return any(Path(root, header).exists() for root in _INCLUDE_ROOTS)


def _preprocesses(compiler: list[str], header: str) -> bool:
    command = [*compiler, "-E", "-I", _PYTHON_INCLUDE, "-x", "c", "-"]
    source = f"#include <{header}>\n".encode()
    try:
        done = subprocess.run(  # the compiler that a build here would run, too
            command, input=source, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def rebuild_commands() -> list[str]:
    """Return the commands that build the package anew: from the folder it came from, if it did, and from the index."""
    # pip keeps the wheel that it made without a compiler and would install it again, hence all these options.
    index = f"pip install --no-cache-dir --force-reinstall --no-binary {DISTRIBUTION} {DISTRIBUTION}"
    folder = _source_folder()
    if folder is None:
        return [index]
    return [
        f"pip install --no-cache-dir --force-reinstall {folder}    # from where this copy came",
        f"{index}    # from a package index",
    ]


def _source_folder() -> str | None:
    """Return pip's words for the folder that the package was installed from, or None if it came from an index."""
    try:
        text = importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
        origin = json.loads(text or "{}")
        address = urlsplit(origin["url"])
        is_editable = origin["dir_info"].get("editable", False)
    except (importlib.metadata.PackageNotFoundError, AttributeError, KeyError, TypeError, ValueError):
        return None
    if address.scheme != "file":
        return None
    return ("-e " if is_editable else "") + shlex.quote(unquote(address.path))

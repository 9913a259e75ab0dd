"""What pyproject.toml cannot say: build csrc/ if this machine can, and leave a note of what happened.

`FASTJWT_NATIVE` decides what a build without the C extension is worth:

    auto      (default) an installation with the pure engine, which says at run time why it has no other
    require   an error
    off       what was asked for: nothing is compiled

Installers hide the output of a build that succeeds, so a warning printed here would never be read.  The note is a
module, `fastjwt/_build_info.py`, and the package reads it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from setuptools import Command, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError, CompileError

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    sys.exit(
        "fastjwt needs setuptools 77 or later to build: python -m pip install 'setuptools>=77' 'cffi>=1.17'"
    )

MODES = ("auto", "require", "off")
MODE = os.environ.get("FASTJWT_NATIVE", "auto")
if MODE not in MODES:
    sys.exit(f"FASTJWT_NATIVE is {MODE!r}, but must be one of: {', '.join(MODES)}")

KEPT_LINES = 12  # of what the compiler said, from its first error on


# --- What is noted ---------------------------------------------------------------------------------------------------


@dataclass
class BuildInfo:
    """What fastjwt/_build_info.py says; each field is a constant there, in capitals."""

    native: bool = False
    """Whether the C extension was built."""
    mode: str = MODE
    reason: str = ""
    """Why there is no C extension: a sentence, with the compiler's words after it if they are all that is known."""
    remedy: str = ""
    """What to do on this machine before another build can succeed; empty when there is nothing to do."""
    compiler_output: str = ""
    """What the compiler wrote when it failed, from its first error on."""
    compiler: str = ""
    flags: str = ""
    openssl_headers: str = ""
    """The version text of the OpenSSL headers; the library that runs may be another one."""

    def write(self, path: Path) -> None:
        """Write the module `path`."""
        lines = ['"""How this copy of fastjwt was built.  Written by setup.py, never by hand."""', ""]
        lines += [f"{name.upper()} = {value!r}" for name, value in vars(self).items()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


INFO = BuildInfo()
if MODE == "off":
    INFO.reason = "the C extension was switched off when fastjwt was built (FASTJWT_NATIVE=off)"
    INFO.remedy = "build again without FASTJWT_NATIVE=off in the environment"


# --- Why a compiler failed -------------------------------------------------------------------------------------------

# What is missing, and the packages that bring it on Debian and Ubuntu, and on Fedora.
PACKAGES = {
    "a C compiler": ("gcc", "gcc"),
    "the headers of the C library": ("libc6-dev", "glibc-devel"),
    "Python's headers (Python.h)": ("python3-dev", "python3-devel"),
    "OpenSSL's headers (openssl/evp.h)": ("libssl-dev", "openssl-devel"),
}
HEADERS = {
    "the headers of the C library": "stdlib.h",
    "Python's headers (Python.h)": "Python.h",
    "OpenSSL's headers (openssl/evp.h)": "openssl/evp.h",
}


def preprocess(command: list[str], source: str) -> str | None:
    """Return `source` after the C preprocessor, or None if it fails."""
    done = subprocess.run(
        [*command, "-E", "-P", "-x", "c", "-"], input=source, capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def openssl_headers(command: list[str]) -> str:
    """Return the version text in the OpenSSL headers that the compiler finds, or the empty string."""
    text = preprocess(command, "#include <openssl/opensslv.h>\nFOUND OPENSSL_VERSION_TEXT\n") or ""
    return text.partition("FOUND")[2].strip().strip('"')


def missing_parts(command: list[str]) -> list[str]:
    """Return what the compiler lacks, as keys of PACKAGES; without a compiler nothing else can be asked."""
    if shutil.which(command[0]) is None:
        return list(PACKAGES)
    return [part for part, header in HEADERS.items() if preprocess(command, f"#include <{header}>\n") is None]


def first_errors(output: str) -> list[str]:
    """Return some lines of `output`, from the first on that tells of an error."""
    lines = output.strip().splitlines()
    errors = [number for number, line in enumerate(lines) if "error" in line or "cannot find" in line]
    start = errors[0] if errors else max(0, len(lines) - KEPT_LINES)
    return lines[start : start + KEPT_LINES] or ["no reason was given"]


def diagnose(command: list[str], output: str) -> tuple[str, str]:
    """Return the reason and the remedy of a build that failed with `output`."""
    missing = missing_parts(command)
    if missing:
        debian = " ".join(PACKAGES[part][0] for part in missing)
        fedora = " ".join(PACKAGES[part][1] for part in missing)
        remedy = f"Debian or Ubuntu: apt-get install {debian}; Fedora: dnf install {fedora}"
        if "a C compiler" in missing:
            return f"no C compiler was found when fastjwt was built ({command[0]!r} is not there)", remedy
        return f"{' and '.join(missing)} were not found when fastjwt was built", remedy
    version = openssl_headers(command)
    if version.startswith(("OpenSSL 0.", "OpenSSL 1.")):
        return (
            f"the OpenSSL headers are of {version}, fastjwt needs 3.0 or later",
            "install OpenSSL 3.0 or later",
        )
    return "the C extension did not compile:\n" + "\n".join(first_errors(output)), ""


def first_line(command: list[str]) -> str:
    """Return the first line that `command` prints, or the empty string."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0]


@contextmanager
def recorded_stderr(said: list[str]) -> Iterator[None]:
    """Append to `said` what this process and its children write to file descriptor 2, and pass it on at the end."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as record:
        os.dup2(record.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            record.seek(0)
            text = record.read().decode(errors="replace")
            said.append(text)
            sys.stderr.write(text)


# --- The commands ----------------------------------------------------------------------------------------------------


class OptionalExtension(build_ext):
    """build_ext whose extension may fail to build, unless it is required."""

    def finalize_options(self) -> None:
        """Never take the library of an earlier build, which may have had other flags or another OpenSSL."""
        super().finalize_options()
        self.force = True

    def run(self) -> None:
        """Build the extension, note how that went, and with --inplace write the note at once."""
        os.environ["LC_ALL"] = "C"  # what the compiler says is searched for the word "error"
        said: list[str] = []
        try:
            with recorded_stderr(said):
                super().run()
        except (BaseError, CCompilerError, OSError) as error:
            self.give_up(error, "".join(said) or str(error))
        else:
            self.note_success()
        if self.inplace:
            self.run_command("build_info")

    def note_success(self) -> None:
        """Note what the extension was built with."""
        command = self.compile_command()
        INFO.native = bool(self.extensions)
        for extension in self.extensions:
            INFO.compiler = first_line([command[0], "--version"])
            flags = [*command[1:], *extension.extra_compile_args]
            INFO.flags = " ".join(flag for flag in flags if not flag.startswith("-I"))
            INFO.openssl_headers = openssl_headers(command)

    def compile_command(self) -> list[str]:
        """Return the compiler with its flags and include directories, as far as they are known by now."""
        default = (sysconfig.get_config_var("CC") or "cc").split()
        command = getattr(self.compiler, "compiler_so", None) or default
        return [*command, *(f"-I{folder}" for folder in self.include_dirs or [])]

    def give_up(self, error: Exception, output: str) -> None:
        """Note why there is no extension and forget that there should be one; raise if it is required."""
        INFO.compiler_output = "\n".join(first_errors(output))
        INFO.reason, INFO.remedy = diagnose(self.compile_command(), output)
        if MODE == "require":
            raise CompileError(f"FASTJWT_NATIVE=require, but {INFO.reason}\n{INFO.remedy}") from error
        # Whoever asks from here on (the tag of a wheel, the copy into src/) finds a package without extension.
        self.distribution.ext_modules = []
        self.extensions = []


class WriteBuildInfo(Command):
    """Write fastjwt/_build_info.py: the last step of a build, because it tells how the others went."""

    description = "write fastjwt/_build_info.py"
    user_options: ClassVar[list[tuple[str, str, str]]] = []
    editable_mode = False

    def initialize_options(self) -> None:
        """Start without a target."""
        self.build_lib = ""
        self.inplace = False

    def finalize_options(self) -> None:
        """Take the targets from the commands before this one."""
        self.build_lib = self.get_finalized_command("build_py").build_lib
        self.inplace = self.editable_mode or bool(self.get_finalized_command("build_ext").inplace)

    def run(self) -> None:
        """Write the note, and remove libraries of earlier builds, which Python might load in place of this one's."""
        package = Path("src", "fastjwt") if self.inplace else Path(self.build_lib, "fastjwt")
        INFO.write(package / "_build_info.py")
        build_ext: Any = self.get_finalized_command("build_ext")
        built = {Path(build_ext.get_ext_filename(extension.name)).name for extension in build_ext.extensions}
        for library in package.glob("_native.*so"):
            if library.name not in built:
                library.unlink()

    def get_source_files(self) -> list[str]:
        """Return nothing: the note is made from no file."""
        return []

    def get_outputs(self) -> list[str]:
        """Return where the note lies in a built package."""
        return [str(Path(self.build_lib, "fastjwt", "_build_info.py"))]

    def get_output_mapping(self) -> dict[str, str]:
        """Return, for an editable installation, where the note lies in the source."""
        return {self.get_outputs()[0]: "src/fastjwt/_build_info.py"} if self.inplace else {}


class Build(build):
    """build, with the note at its end."""

    sub_commands: ClassVar = [*build.sub_commands, ("build_info", None)]


class Wheel(bdist_wheel):
    """bdist_wheel that looks at what was built, not at what was planned."""

    def finalize_options(self) -> None:
        """Name the stable ABI where cffi used it; a free-threaded Python before 3.15 has none and keeps its own tag."""
        limited = any(getattr(ext, "py_limited_api", False) for ext in self.distribution.ext_modules or [])
        if limited and not sysconfig.get_config_var("Py_GIL_DISABLED"):
            self.py_limited_api = "cp310"
        super().finalize_options()

    @property
    def root_is_pure(self) -> bool:
        """Whether the wheel holds no extension; the base class asks that once, before anything is built."""
        return not self.distribution.has_ext_modules()

    @root_is_pure.setter
    def root_is_pure(self, value: bool | None) -> None:
        """Ignore what the base class found out too early."""


# --- The build -------------------------------------------------------------------------------------------------------

options: dict[str, Any] = {}
if MODE != "off":
    if find_spec("cffi") is not None:
        options["cffi_modules"] = ["csrc/build_native.py:make"]
    else:
        INFO.reason = "cffi was not installed where fastjwt was built"
        INFO.remedy = "python -m pip install 'cffi>=1.17'"
        if MODE == "require":
            sys.exit(f"FASTJWT_NATIVE=require, but {INFO.reason}: {INFO.remedy}")

setup(
    cmdclass={
        "bdist_wheel": Wheel,
        "build": Build,
        "build_ext": OptionalExtension,
        "build_info": WriteBuildInfo,
    },
    **options,
)

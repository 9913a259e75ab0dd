"""What a user gets from pip: wheels with and without the C extension, and words where it is missing.

Each test installs from an unpacked sdist, without an index and without build isolation, into a folder of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import fastjwt

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).resolve().parents[1]
NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "node_modules", "*.egg-info", ".*_cache", ".hypothesis", "__pycache__"
)


# --- Building and installing -----------------------------------------------------------------------------------------


def environment(**settings: str) -> dict[str, str]:
    """Return this process's environment without what would steer a build or a run, plus `settings`."""
    foreign = re.compile("FASTJWT_|PYTHON|CC$|CFLAGS$|CPPFLAGS$|LDFLAGS$|PIP_")
    kept = {name: value for name, value in os.environ.items() if not foreign.match(name)}
    return kept | {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"} | settings


def run(command: list[str], cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python with `command`."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=env or environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )


def pip(*arguments: str | Path, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run pip with this environment's setuptools and cffi, so that no index is needed."""
    options = ["--no-deps", "--no-build-isolation", "--no-cache-dir"]
    command = ["-m", "pip", arguments[0], *options, *arguments[1:]]
    return run([str(word) for word in command], cwd, environment(**settings))


@dataclass
class Installed:
    """A folder that holds an installed fastjwt."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def python(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run Python with this fastjwt, in an environment as poor as the build's."""
        return run(
            list(command), self.folder.parent, environment(PYTHONPATH=str(self.folder), **self.settings)
        )

    def answer(self, program: str) -> Any:
        """Return what `program` prints as JSON."""
        done = self.python("-c", "import json, fastjwt\n" + program)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an sdist, made from a copy of the sources so that nothing is written beside them."""
    copy = tmp_path_factory.mktemp("clone") / "fastjwt"
    shutil.copytree(ROOT, copy, ignore=NOT_SOURCE)
    done = run(["-c", "from setuptools.build_meta import build_sdist; build_sdist('..')"], copy)
    assert done.returncode == 0, done.stderr
    (made,) = copy.parent.glob("*.tar.gz")
    return made


@pytest.fixture(scope="module")
def source(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an unpacked sdist.  All tests build in it, so each finds the leavings of the ones before."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(sdist) as archive:
        # Python 3.12 wants a filter, the first 3.10 have none.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    (unpacked,) = folder.iterdir()
    return unpacked


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wheel with the extension."""
    folder = tmp_path_factory.mktemp("wheel")
    done = pip("wheel", "--wheel-dir", folder, source, cwd=folder, FASTJWT_NATIVE="require")
    assert done.returncode == 0, done.stderr + done.stdout
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture
def install(source: Path, wheel: Path, tmp_path: Path) -> Callable[..., Installed]:
    """Return a function that installs from source with settings of the environment (after a build that succeeded)."""

    def installs(**settings: str) -> Installed:
        done = pip("install", "--target", tmp_path / "site", source, cwd=tmp_path, **settings)
        assert done.returncode == 0, done.stderr + done.stdout
        kept = {name: value for name, value in settings.items() if name != "FASTJWT_NATIVE"}
        return Installed(tmp_path / "site", kept)

    return installs


@pytest.fixture
def without(tmp_path: Path, need: Callable[[str], str]) -> Callable[[str], dict[str, str]]:
    """Return a function that gives the settings of a machine on which one thing is missing."""

    def settings(thing: str) -> dict[str, str]:
        place = tmp_path / "poor"
        place.mkdir()
        if thing == "compiler":
            return {"PATH": str(place)}
        # A header that the compiler finds first and cannot read is as good as none.
        (place / thing).parent.mkdir(exist_ok=True)
        (place / thing).write_text(f"#error there is no {thing}\n")
        compiler = place / "cc"
        compiler.write_text(f'#!/bin/sh\nexec {need("gcc")} -I"{place}" "$@"\n')
        compiler.chmod(0o755)
        return {"CC": str(compiler)}

    return settings


# --- With the extension ----------------------------------------------------------------------------------------------


def test_an_sdist_holds_all_that_a_build_needs_and_nothing_that_was_built(sdist):
    """Sources, headers, tests and the developer's script travel; libraries, the build's note and npm's files do not."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "pyproject.toml",
        "setup.py",
        "dev",
        "LICENSE",
        "csrc/build_native.py",
        "csrc/fastjwt.cdef.h",
    } <= names
    assert {f"csrc/{path.name}" for path in (ROOT / "csrc").glob("*.[ch]")} <= names
    assert {f"tests/{path.name}" for path in (ROOT / "tests").glob("*.py")} <= names
    built = (".so", ".o", "/_build_info.py")
    assert [name for name in names if name.endswith(built) or "node_modules" in name] == []


def test_a_wheel_with_the_extension_serves_every_python_from_3_10_on(wheel):
    """The library uses the limited API, and the tag says so, except where a free-threaded Python has none."""
    with zipfile.ZipFile(wheel) as archive:
        libraries = [name for name in archive.namelist() if name.endswith(".so")]
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert re.search(r"-cp3\d+-cp3\d+t-", wheel.name)
        return
    assert re.fullmatch(r"fastjwt_openssl-[\d.]+-cp310-abi3-\w+\.whl", wheel.name)
    assert libraries == ["fastjwt/_native.abi3.so"]


def test_a_wheel_holds_the_package_with_its_types_and_not_the_sources(wheel):
    """py.typed is there; csrc, tests and setup.py are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(archive.read(name).decode() for name in names if name.endswith("/METADATA"))
        scripts = next(archive.read(name).decode() for name in names if name.endswith("/entry_points.txt"))
    assert {"fastjwt/__init__.py", "fastjwt/py.typed", "fastjwt/_build_info.py"} <= set(names)
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"fastjwt"}
    assert "\nName: fastjwt-openssl\n" in metadata
    assert f"\nVersion: {fastjwt.__version__}\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata
    assert "\nRequires-Python: >=3.10\n" in metadata
    assert "fastjwt = fastjwt.cli:main" in scripts


def test_the_library_exports_its_initialisation_and_nothing_else(wheel, tmp_path, need):
    """Another library's symbols cannot be taken for ours, nor ours for theirs."""
    with zipfile.ZipFile(wheel) as archive:
        (library,) = [name for name in archive.namelist() if name.endswith(".so")]
        archive.extract(library, tmp_path)
    command = [need("nm"), "-D", "--defined-only", str(tmp_path / library)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in listing.splitlines()] == ["PyInit__native"]


def test_an_installed_wheel_runs_on_a_native_engine_and_its_command_works(wheel, tmp_path):
    """The package that runs is the installed one, and the engine in use is not the slow one."""
    done = pip("install", "--target", tmp_path / "site", wheel, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    installed = Installed(tmp_path / "site")
    name, place = installed.answer("print(json.dumps([fastjwt.engine().name, fastjwt.__file__]))")
    assert name != "pure"
    assert Path(place).is_relative_to(installed.folder)
    shown = installed.python(str(installed.folder / "bin" / "fastjwt"), "--version")
    assert fastjwt.__version__ in shown.stdout, shown.stderr


# --- Without the extension -------------------------------------------------------------------------------------------

CASES = {
    "compiler": ("no C compiler was found", "gcc"),
    "openssl/evp.h": ("OpenSSL's headers (openssl/evp.h) were not found", "libssl-dev"),
    "Python.h": ("Python's headers (Python.h) were not found", "python3-dev"),
}
TWO_BATCHES_EACH_WAY = """
import warnings
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    key = fastjwt.RSAPrivateKey.generate()
    signer, verifier = fastjwt.Signer(key, ttl=60), fastjwt.Verifier(key.public_key())
    alone = verifier.verify(signer.sign({"sub": "alice"}))
    before_batches = len(seen)
    tokens = signer.sign_batch([{"sub": "bob"}]) + signer.sign_batch([{"sub": "carol"}])
    subjects = [claims["sub"] for _ in range(2) for claims in verifier.verify_batch(tokens).claims]
warned = [[w.category.__name__, str(w.message), w.filename] for w in seen]
print(json.dumps({"subjects": [alone["sub"], *subjects], "before": before_batches, "warned": warned}))
"""


@pytest.mark.parametrize("thing", CASES)
def test_a_machine_that_cannot_build_gets_the_pure_engine_and_is_told_why(thing, install, without):
    """The installation succeeds; engine(), the doctor and one warning name what was missing."""
    said, package = CASES[thing]
    installed = install(**without(thing))

    engine = installed.answer("print(json.dumps(fastjwt.engine()._asdict()))")
    assert engine["name"] == "pure"
    assert said in engine["reason"]

    worked = installed.answer(TWO_BATCHES_EACH_WAY)
    assert worked["subjects"] == ["alice", "bob", "carol", "bob", "carol"]
    assert worked["before"] == 0, "a single token is no batch"
    ((category, message, filename),) = worked["warned"]
    assert category == "RuntimeWarning"
    assert said in message
    assert filename == "<string>", "the warning points at the caller"

    doctor = installed.python("-m", "fastjwt", "doctor")
    assert doctor.returncode == 1, "a problem worth acting on"
    assert said in doctor.stdout
    assert package in doctor.stdout
    assert "--no-cache-dir --force-reinstall" in doctor.stdout, (
        "a plain reinstall would take pip's cached wheel"
    )
    assert list(installed.folder.rglob("*.so")) == [], "not even the library of the build before"


def test_an_extension_that_does_not_compile_leaves_the_compilers_words(install):
    """Where nothing is missing, the first error says more than any guess."""
    installed = install(FASTJWT_CFLAGS="-no-such-flag")
    reason = installed.answer("print(json.dumps(fastjwt.engine().reason))")
    assert "did not compile" in reason
    assert "-no-such-flag" in reason


def test_switching_the_extension_off_is_no_fault_but_is_told(install):
    """FASTJWT_NATIVE=off compiles nothing and says that it was asked for."""
    installed = install(FASTJWT_NATIVE="off")
    reason = installed.answer("print(json.dumps(fastjwt.engine().reason))")
    assert "FASTJWT_NATIVE=off" in reason
    assert list(installed.folder.rglob("*.so")) == []


@pytest.mark.parametrize("settings", [{"FASTJWT_NATIVE": "off"}, {"FASTJWT_CFLAGS": "-no-such-flag"}])
def test_a_wheel_without_the_extension_is_for_every_machine(settings, source, wheel, tmp_path):
    """Its tag is none-any and it holds no library, although the folder has one from the build before."""
    done = pip("wheel", "--wheel-dir", tmp_path, source, cwd=tmp_path, **settings)
    assert done.returncode == 0, done.stderr
    (made,) = tmp_path.glob("*.whl")
    assert made.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(made) as archive:
        assert [name for name in archive.namelist() if name.endswith(".so")] == []
        assert b"Root-Is-Purelib: true" in next(
            archive.read(name) for name in archive.namelist() if name.endswith("/WHEEL")
        )


def test_requiring_the_extension_makes_a_missing_compiler_an_error(source, without, tmp_path):
    """FASTJWT_NATIVE=require fails, and says what to install."""
    done = pip(
        "install",
        "--target",
        tmp_path / "site",
        source,
        cwd=tmp_path,
        FASTJWT_NATIVE="require",
        **without("compiler"),
    )
    assert done.returncode != 0
    assert "FASTJWT_NATIVE=require, but no C compiler was found" in done.stdout + done.stderr
    assert "apt-get install gcc libc6-dev" in done.stdout + done.stderr
    assert not (tmp_path / "site").exists()


def test_a_mode_that_is_misspelt_is_an_error(source, tmp_path):
    """No value is quietly taken for another."""
    done = pip("wheel", "--wheel-dir", tmp_path, source, cwd=tmp_path, FASTJWT_NATIVE="yes")
    assert done.returncode != 0
    assert "'yes', but must be one of: auto, require, off" in done.stdout + done.stderr


# --- In the source folder --------------------------------------------------------------------------------------------


def test_a_build_in_place_replaces_what_earlier_ones_left(source, tmp_path):
    """Python prefers a library named for its own version, so an old one of that name must go."""
    copy = tmp_path / "copy"
    shutil.copytree(source, copy, ignore=NOT_SOURCE)
    package = copy / "src" / "fastjwt"
    old = package / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"
    limited = not sysconfig.get_config_var("Py_GIL_DISABLED")

    old.touch()
    done = run(["setup.py", "-q", "build_ext", "--inplace"], copy, environment(FASTJWT_NATIVE="require"))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in package.glob("_native*.so")] == ["_native.abi3.so" if limited else old.name]
    assert "NATIVE = True" in (package / "_build_info.py").read_text()

    done = run(["setup.py", "-q", "build_ext", "--inplace"], copy, environment(FASTJWT_NATIVE="off"))
    assert done.returncode == 0, done.stderr
    assert list(package.glob("_native*.so")) == []
    assert "NATIVE = False" in (package / "_build_info.py").read_text()


def test_nothing_here_tells_anybody_to_install_a_strangers_package():
    """`fastjwt` alone is another project's name on the index, and its files would overwrite ours."""
    wrong = re.compile(r"pip3? install (-\S+ )*fastjwt(?!-openssl)\b")
    texts = [
        path for pattern in ("*.md", "dev", "*.py", "src/**/*.py", ".ci/*") for path in ROOT.glob(pattern)
    ]
    assert [path for path in texts if wrong.search(path.read_text(encoding="utf-8"))] == []

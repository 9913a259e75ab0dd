"""Engines: the best that can run is used, one asked for by name is used or refused, and counters prove which it was."""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

import child
import pytest

import fastjwt
from fastjwt import HMACKey, RSAPrivateKey, Signer, Verifier, engines, hazmat, strict_json

SAYS_ENGINE = """
    import json, fastjwt
    print(json.dumps(fastjwt.engine()._asdict()))
"""


# --- Choosing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", engines.available())
def test_the_environment_forces_an_engine_by_name(name: str) -> None:
    seen = json.loads(child.output_of(SAYS_ENGINE, FASTJWT_ENGINE=name))
    assert seen["name"] == name
    assert seen["available"] == list(engines.available())
    for better in engines.available()[: engines.available().index(name)]:
        assert f"{better}: not chosen (FASTJWT_ENGINE)" in seen["reason"]


def test_without_a_wish_the_best_engine_that_can_run_is_used() -> None:
    for wish in ({}, {"FASTJWT_ENGINE": ""}):
        seen = json.loads(child.output_of(SAYS_ENGINE, **wish))
        assert seen["name"] == engines.available()[0]
        better = engines.names()[: engines.names().index(seen["name"])]
        assert all(f"{name}: " in seen["reason"] for name in better)


@pytest.mark.parametrize("name", ["opensll", "OpenSSL", " openssl", "pure,openssl", "../pure", "\u00fc"])
def test_an_unknown_engine_is_an_error_and_no_quiet_default(name: str) -> None:
    done = child.run(SAYS_ENGINE, FASTJWT_ENGINE=name)
    assert done.returncode != 0
    assert "ValueError: engine" in done.stderr
    assert "openssl, pure" in done.stderr
    for use in ("fastjwt.HMACKey(bytes(range(32)))", "fastjwt.decode_unverified('a.b.c')"):
        done = child.run(f"import fastjwt; {use}", FASTJWT_ENGINE=name)
        assert "ValueError: engine" in done.stderr


def test_an_engine_that_cannot_run_here_is_an_error_that_says_why() -> None:
    for name in engines.names():
        if name not in engines.available():
            done = child.run(SAYS_ENGINE, FASTJWT_ENGINE=name)
            assert done.returncode != 0
            assert f"engine '{name}' cannot run here: {engines.why_not(name)}" in done.stderr
            with pytest.raises(ValueError, match=name), engines.use(name):
                pass


def test_a_process_without_the_extension_runs_the_pure_engine_and_says_why() -> None:
    seen = child.run(
        """
        import sys, warnings
        sys.modules["fastjwt._native"] = None  # as if it had not been built
        import fastjwt
        info = fastjwt.engine()
        assert info.name == "pure" and info.available == ("pure",)
        assert "openssl: the native extension" in info.reason
        key = fastjwt.RSAPrivateKey.generate()
        signer = fastjwt.Signer(key, ttl=60)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            tokens = signer.sign_batch([{"sub": "alice"}] * 3)
            verifier = fastjwt.Verifier(key.public_key())
            assert all(verifier.verify_batch(tokens).ok)
            assert verifier.verify_signatures(tokens) == bytes(3)
            assert all(result.ok for result in verifier.verify_stream(tokens))
        assert [warning.category for warning in caught] == [RuntimeWarning], caught
        assert "native extension" in str(caught[0].message)
        """
    )
    assert seen.returncode == 0, seen.stderr


def test_where_libcrypto_withholds_sha256_no_engine_runs_and_each_says_why(tmp_path: Path) -> None:
    configuration = tmp_path / "openssl.cnf"
    configuration.write_text(
        "openssl_conf = all\n[all]\nproviders = them\nalg_section = wanted\n[them]\ndefault = it\n[it]\nactivate = 1\n"
        "[wanted]\ndefault_properties = fips=yes\n"
    )
    program = """
        import fastjwt
        try:
            fastjwt.RSAPrivateKey.generate()
        except RuntimeError as error:
            print(error)
    """
    said = child.output_of(program, OPENSSL_CONF=str(configuration))
    assert said.startswith("no engine can run here: ")
    assert said.count("SHA-256") == len(engines.names())


def test_who_chose_the_slow_engine_is_not_warned_of_it() -> None:
    batches = """
        import warnings
        warnings.simplefilter("error")
        import fastjwt
        from fastjwt import engines
        key = fastjwt.HMACKey(bytes(range(32)))
        {enter}:
            fastjwt.Verifier(key).verify_batch(fastjwt.Signer(key, ttl=60).sign_batch([{{}}] * 3))
    """
    child.output_of(batches.format(enter="if True"), FASTJWT_ENGINE="pure")
    child.output_of(batches.format(enter='with engines.use("pure")'))


def test_use_changes_the_engine_inside_its_block_and_puts_the_old_one_back() -> None:
    before = fastjwt.engine().name
    for name in engines.available():
        with engines.use(name) as backend:
            assert backend.name == fastjwt.engine().name == engines.current().name == name
        assert fastjwt.engine().name == before
    with pytest.raises(ValueError, match="unknown"), engines.use("fast"):
        pass
    with pytest.raises(ZeroDivisionError), engines.use("pure"):
        raise ZeroDivisionError
    assert fastjwt.engine().name == before


def test_importing_fastjwt_loads_no_engine_and_no_libcrypto() -> None:
    child.output_of(
        """
        import sys
        import fastjwt
        assert not {"_ssl", "ssl", "cryptography", "fastjwt._native"} & set(sys.modules), sys.modules.keys()
        """
    )


# --- Proof of which one ran ------------------------------------------------------------------------------------------


def grown(before: dict[str, int]) -> dict[str, int]:
    """Return the counters that have changed."""
    return {
        name: count - before.get(name, 0)
        for name, count in engines.counters().items()
        if count != before.get(name, 0)
    }


def counted(kind: str, engine: str, before: dict[str, int]) -> int:
    """Return how many operations of a kind this engine did since; fail if another one, or another kind, grew.

    The kernel leaves to OpenSSL what it is not made for or would be slower at.
    """
    helpers = {"avx512ifma": ("avx512ifma", "openssl")}
    changed = grown(before)
    assert set(changed) <= {f"{name}.{kind}" for name in helpers.get(engine, (engine,))}
    return sum(changed.values())


def test_every_operation_is_counted_for_the_engine_that_did_it_and_for_no_other(engine: str) -> None:
    private = RSAPrivateKey.generate()
    public = private.public_key()
    secret = HMACKey(bytes(range(32)))
    signer = Signer(private)
    verifier = Verifier(public, require=())

    before = engines.counters()
    token = signer.sign({})
    assert counted("sign", engine, before) == 1
    before = engines.counters()
    tokens = signer.sign_batch([{}] * 9, threads=2)
    assert counted("sign", engine, before) == 9
    before = engines.counters()
    assert len(list(signer.sign_stream([{}] * 5, chunk=2))) == 5
    assert counted("sign", engine, before) == 5
    before = engines.counters()
    signature = hazmat.sign_pkcs1_sha256(private, b"m")
    assert counted("sign", engine, before) == 1
    before = engines.counters()
    verifier.verify(token)
    verifier.verify_complete(token)
    assert counted("verify", engine, before) == 2
    before = engines.counters()
    assert all(verifier.verify_batch([*tokens, token], threads=2).ok)
    assert counted("verify", engine, before) == 10
    before = engines.counters()
    assert verifier.verify_signatures([token, "x", "", "a.b.c"]) != bytes(4)
    assert counted("verify", engine, before) == 1
    before = engines.counters()
    assert hazmat.verify_pkcs1_sha256(public, signature, b"m")
    assert not hazmat.verify_pkcs1_sha256(public, signature, b"n")
    assert counted("verify", engine, before) == 2
    before = engines.counters()
    assert all(Verifier(secret, require=()).verify_batch(Signer(secret).sign_batch([{}] * 4)).ok)
    assert counted("hmac", engine, before) == 8


def test_a_batch_of_an_ordinary_key_is_the_kernels_own_work(private_key: RSAPrivateKey) -> None:
    """Of 2048 bits and e = 65537, as most are; not one of its signatures had to be made again."""
    if "avx512ifma" not in engines.available():
        pytest.skip(f"avx512ifma cannot run here: {engines.why_not('avx512ifma')}")
    with engines.use("avx512ifma"):
        signer = Signer(private_key)
        verifier = Verifier(private_key.public_key(), require=())
        before = engines.counters()
        tokens = signer.sign_batch([{}] * 40, threads=2)
        assert grown(before) == {"avx512ifma.sign": 40}
        before = engines.counters()
        assert all(verifier.verify_batch(tokens, threads=2).ok)
        assert grown(before) == {"avx512ifma.verify": 40}


def test_an_object_keeps_the_engine_that_it_was_made_with(private_key: RSAPrivateKey) -> None:
    """A signer made inside the block goes on with that engine after it."""
    for name in engines.available():
        with engines.use(name):
            signer = Signer(private_key)
            verifier = Verifier(private_key.public_key(), require=())
        for other in engines.available():
            with engines.use(other):
                before = engines.counters()
                tokens = signer.sign_batch([{}] * 16)
                assert set(grown(before)) == {f"{name}.sign"}
                before = engines.counters()
                verifier.verify_batch(tokens)
                assert set(grown(before)) == {f"{name}.verify"}


def test_the_version_of_libcrypto_is_that_of_the_library_that_runs() -> None:
    for name in engines.available():
        with engines.use(name):
            assert fastjwt.engine().openssl_version.startswith("OpenSSL ")
    if "openssl" in engines.available() and sys.platform == "linux":
        with engines.use("openssl"):
            version = fastjwt.engine().openssl_version
        mapped = Path("/proc/self/maps").read_text(encoding="utf-8")
        paths = {line.split()[-1] for line in mapped.splitlines() if "libcrypto.so" in line}
        if paths:  # linked dynamically
            assert any(version.encode() in Path(path).read_bytes() for path in paths)


@pytest.mark.parametrize("name", strict_json.available())
def test_the_environment_forces_a_json_reader_by_name(name: str) -> None:
    program = "from fastjwt import strict_json; print(strict_json.current())"
    assert child.output_of(program, FASTJWT_JSON=name) == name
    assert "ValueError: FASTJWT_JSON: 'ujson'" in child.run(program, FASTJWT_JSON="ujson").stderr


# --- How many CPUs ---------------------------------------------------------------------------------------------------


def cgroup(folder: Path, membership: str, **quotas: str) -> int:
    """Return what these files of control groups grant; a double underscore in a name is a slash."""
    listing = folder / "membership"
    listing.write_text(membership, encoding="utf-8")
    for name, text in quotas.items():
        file = folder / "root" / name.replace("__", "/").replace("_max", ".max").replace("cfs_", "cpu.cfs_")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return engines._cgroup_cpus(root=str(folder / "root"), membership=str(listing))


@pytest.mark.parametrize(
    ("quota", "cpus"),
    [
        ("max 100000", 0),
        ("200000 100000", 2),
        ("150000 100000", 2),  # one and a half: the second is worth a thread
        ("100000 100000", 1),
        ("1000 100000", 1),
        ("800000 100000\n", 8),
        ("", 0),
        ("garbage", 0),
        ("100000 0", 0),
        ("100000", 0),
        ("1 2 3", 0),
        ("\x00", 0),
    ],
)
def test_version_2_of_control_groups_grants_its_quota_rounded_up(
    tmp_path: Path, quota: str, cpus: int
) -> None:
    assert cgroup(tmp_path, "0::/a/b\n", a__b__cpu_max=quota) == cpus


def test_the_least_quota_on_the_way_to_the_root_counts(tmp_path: Path) -> None:
    least = cgroup(
        tmp_path,
        "0::/a/b\n",
        a__b__cpu_max="800000 100000",
        a__cpu_max="300000 100000",
        cpu_max="500000 100000",
    )
    assert least == 3


@pytest.mark.parametrize(
    ("quota", "period", "cpus"),
    [
        ("-1", "100000", 0),
        ("250000", "100000", 3),
        ("50000", "100000", 1),
        ("x", "100000", 0),
        ("1", "0", 0),
        ("", "", 0),
    ],
)
def test_version_1_of_control_groups_grants_its_quota_rounded_up(
    tmp_path: Path, quota: str, period: str, cpus: int
) -> None:
    listing = "5:memory:/a\n4:cpu,cpuacct:/a\n1:name=systemd:/a\n"
    granted = cgroup(tmp_path, listing, cpu__a__cfs_quota_us=quota, cpu__a__cfs_period_us=period)
    assert granted == cpus


def test_a_container_sees_its_own_quota_at_the_root_of_version_1(tmp_path: Path) -> None:
    """Inside a container the path is the host's, and the files of the group are mounted at the root."""
    listing = "4:cpu,cpuacct:/docker/0123\n"
    assert cgroup(tmp_path, listing, cpu__cfs_quota_us="200000", cpu__cfs_period_us="100000") == 2


def test_an_outer_group_of_version_1_counts_too(tmp_path: Path) -> None:
    granted = cgroup(
        tmp_path,
        "4:cpu:/a/b\n",
        cpu__a__b__cfs_quota_us="-1",
        cpu__a__b__cfs_period_us="100000",
        cpu__a__cfs_quota_us="200000",
        cpu__a__cfs_period_us="100000",
    )
    assert granted == 2


def test_both_versions_at_once_grant_the_lesser(tmp_path: Path) -> None:
    granted = cgroup(
        tmp_path,
        "4:cpu:/a\n0::/a\n",
        a__cpu_max="400000 100000",
        cpu__a__cfs_quota_us="300000",
        cpu__a__cfs_period_us="100000",
    )
    assert granted == 3


@pytest.mark.parametrize(
    "listing", ["", "garbage", "0:", "::", "0::", "0::/../../..", "1:cpu", "\n\n", "0::/\x00", "é::ü"]
)
def test_a_listing_that_makes_no_sense_sets_no_limit(tmp_path: Path, listing: str) -> None:
    assert cgroup(tmp_path, listing) == 0


def test_files_that_are_not_text_or_not_there_set_no_limit(tmp_path: Path) -> None:
    assert engines._cgroup_cpus(root=str(tmp_path), membership=str(tmp_path / "missing")) == 0
    (tmp_path / "membership").write_bytes(b"0::/\xff\xfe\n4:cpu:/\x80\n")
    (tmp_path / "cpu.max").write_bytes(b"\xff\xfe 100000")
    assert engines._cgroup_cpus(root=str(tmp_path), membership=str(tmp_path / "membership")) == 0


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system has no affinity of processes to CPUs"
)
def test_threads_none_means_the_cpus_of_this_process() -> None:
    seen = child.output_of(
        """
        import os, fastjwt
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        print(fastjwt.engine().threads)
        """
    )
    assert seen == "1"
    assert 1 <= engines.usable_cpus() <= len(os.sched_getaffinity(0))
    assert fastjwt.engine().threads == engines.usable_cpus()


def test_a_quota_bounds_the_threads_and_one_is_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_granted", (-1e9, 0))
    monkeypatch.setattr(engines, "_cgroup_cpus", lambda: 1)
    assert engines.usable_cpus() == 1
    monkeypatch.setattr(engines, "_granted", (-1e9, 0))
    monkeypatch.setattr(engines, "_cgroup_cpus", lambda: 10_000)
    assert engines.usable_cpus() == len(os.sched_getaffinity(0))


def test_a_warning_comes_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_warned", False)
    monkeypatch.setattr(engines, "_forced", False)
    monkeypatch.setattr(engines, "why_not", lambda name: f"{name} was not built")
    with engines.use("pure"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            engines.warn_if_slow()
    assert len(caught) == 1
    assert "openssl was not built" in str(caught[0].message)

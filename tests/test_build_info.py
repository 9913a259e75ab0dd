"""The note that the build left in the package: it says what is so."""

from __future__ import annotations

import importlib

import pytest

import fastjwt
from fastjwt import _build_info


def test_every_constant_is_there_with_its_type():
    """Readers may count on each name, whatever the build was like."""
    texts = ("MODE", "REASON", "REMEDY", "COMPILER_OUTPUT", "COMPILER", "FLAGS", "OPENSSL_HEADERS")
    assert type(_build_info.NATIVE) is bool
    assert {name: type(getattr(_build_info, name)) for name in texts} == dict.fromkeys(texts, str)
    assert _build_info.MODE in {"auto", "require", "off"}


def test_it_says_native_where_there_is_a_library_and_why_where_there_is_none():
    """NATIVE tells whether the library can be imported, and exactly one of the two states has a reason."""
    if _build_info.NATIVE:
        importlib.import_module("fastjwt._native")
        assert _build_info.REASON == _build_info.REMEDY == _build_info.COMPILER_OUTPUT == ""
        assert "openssl" in fastjwt.engine().available
    else:
        with pytest.raises(ImportError):
            importlib.import_module("fastjwt._native")
        assert _build_info.REASON
        assert _build_info.REASON in fastjwt.engine().reason


def test_a_library_comes_with_what_it_was_built_with():
    """Compiler, flags and OpenSSL headers are those of this build."""
    if not _build_info.NATIVE:
        pytest.skip("this copy of fastjwt was built without the C extension: " + _build_info.REASON)
    assert _build_info.COMPILER
    assert "-fvisibility=hidden" in _build_info.FLAGS.split()
    assert not any(flag.startswith("-I") for flag in _build_info.FLAGS.split()), (
        "folders of the build machine"
    )
    major = int(_build_info.OPENSSL_HEADERS.split()[1].split(".")[0])
    assert _build_info.OPENSSL_HEADERS.startswith("OpenSSL ")
    assert major >= 3

"""A record of a benchmark run whose figures are made up for tests: nobody measured anything here."""

from __future__ import annotations

import copy
import json
from typing import Any

CIRCUMSTANCES: dict[str, Any] = {
    "utc": "2026-01-02T03:04:05Z",
    "commit": "0123456789ab",
    "dirty": False,
    "cpu": "Imaginary 9000 (made up for tests)",
    "flags": ["adx", "avx2", "avx512f", "avx512ifma", "avx512vbmi", "bmi2", "sha_ni", "vaes"],
    "cores": 2,
    "load": 0.12,
    "kernel": "6.1.0-imaginary",
    "python": "CPython 3.11.2",
    "fastjwt": "0.1.0",
    "engine": "avx512ifma",
    "engine_reason": "the best one, on this imaginary machine",
    "openssl": "OpenSSL 3.0.19 27 Jan 2026",
    "openssl_command": "OpenSSL 3.0.19",
    "argv": [],
    "pinned_to": [0],
    "load_after": 0.98,
    "counters": {"kernel_groups": 1250, "openssl_calls": 0},
    "noisy": False,
    "noise": [],
    "seconds": 1804.5,
}

# id, label, version, language, library, ratio of sign, ratio of verify (both for 2048 bits, one a call), how.
_CONTENDERS: list[tuple[str, str, str | None, str, str, float | None, float | None, str]] = [
    (
        "fastjwt-avx512ifma",
        "fastjwt (avx512ifma)",
        "0.1.0",
        "Python",
        "own kernel",
        0.97,
        0.86,
        "one Signer, one Verifier",
    ),
    (
        "fastjwt-openssl",
        "fastjwt (openssl)",
        "0.1.0",
        "Python",
        "OpenSSL 3.0.19",
        0.98,
        0.85,
        "one Signer, one Verifier",
    ),
    (
        "fastjwt-pure",
        "fastjwt (pure)",
        "0.1.0",
        "Python",
        "cryptography 50.0.2",
        0.91,
        0.49,
        "one Signer, one Verifier",
    ),
    (
        "pyjwt",
        "PyJWT, key object",
        "2.15.0",
        "Python",
        "cryptography 50.0.2",
        0.94,
        0.24,
        "key objects made once",
    ),
    (
        "pyjwt-pem",
        "PyJWT, PEM text in each call",
        "2.15.0",
        "Python",
        "cryptography 50.0.2",
        0.0093,
        0.2,
        "as its README does",
    ),
    (
        "joserfc",
        "joserfc",
        "1.8.0",
        "Python",
        "cryptography 50.0.2",
        0.92,
        0.35,
        "jwt.encode and jwt.decode with RSAKey",
    ),
    ("authlib", "Authlib", "1.9.1", "Python", "cryptography 50.0.2", 0.915, 0.4, "JsonWebToken(['RS256'])"),
    ("jwcrypto", "jwcrypto", "1.5.6", "Python", "cryptography 50.0.2", 0.74, 0.11, "jwt.JWT with a JWK"),
    (
        "python-jose",
        "python-jose",
        "3.5.0",
        "Python",
        "cryptography 50.0.2",
        0.88,
        0.083,
        "the cryptography backend",
    ),
    ("oxyjwt", "oxyjwt", "0.9.2", "Python", "aws-lc", 0.99, 0.75, "EncodingKey and DecodingKey made once"),
    ("webtoken", "webtoken", "0.3.1", "Python", "ring", 0.55, 0.51, "keys made once"),
    ("pyjwt-rs", "pyjwt-rs", None, "Python", "ring", None, None, ""),
    ("ryjwt", "ryjwt", "0.2.4", "Python", "aws-lc", 1.01, 0.96, "PrivateKey and PublicKey made once"),
    (
        "cryptography",
        "cryptography, no token",
        "50.0.2",
        "Python",
        "OpenSSL 3.5.4",
        0.96,
        0.7,
        "key.sign and key.verify alone",
    ),
    (
        "npm-jose",
        "jose (npm)",
        "6.1.0",
        "Node.js",
        "Node 22, OpenSSL 3.0",
        0.62,
        0.31,
        "CryptoKey made once, awaited one by one",
    ),
    (
        "npm-fast-jwt",
        "fast-jwt (npm)",
        "6.0.2",
        "Node.js",
        "Node 22, OpenSSL 3.0",
        0.9,
        0.57,
        "createSigner and createVerifier, no cache",
    ),
    (
        "openssl-speed",
        "openssl speed",
        "3.0.19",
        "C",
        "OpenSSL 3.0.19",
        1.0,
        1.0,
        "openssl speed -seconds 1 rsa2048",
    ),
    (
        "libcrypto-loop",
        "libcrypto loop",
        "3.0.19",
        "C",
        "OpenSSL 3.0.19",
        0.995,
        0.93,
        "EVP_PKEY_sign in a loop of C",
    ),
]

_FLOOR = {  # operations a second of one imaginary core
    ("sign", 2048): 3400.0,
    ("sign", 3072): 640.0,
    ("sign", 4096): 290.0,
    ("verify", 2048): 62000.0,
    ("verify", 3072): 30500.0,
    ("verify", 4096): 17600.0,
}
_BATCHED = {  # ratios at 2048, 3072, 4096 bits
    "fastjwt-avx512ifma": {
        "sign": (3.21, 5.6, 5.9),
        "verify": (3.43, 4.02, 4.6),
        "signatures": (7.12, 6.4, 6.1),
    },
    "fastjwt-openssl": {
        "sign": (0.985, 0.99, 0.99),
        "verify": (0.91, 0.95, 0.97),
        "signatures": (0.97, 0.98, 0.98),
    },
    "fastjwt-pure": {
        "sign": (0.93, 0.97, 0.98),
        "verify": (0.55, 0.66, 0.74),
        "signatures": (0.62, 0.71, 0.78),
    },
}
_SIZES = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000)
_STAGES = {"split": 0.09, "base64url": 0.083, "sha256": 0.27, "rsa": 1.91, "json": 0.81, "claims": 0.36}
_KEYS = {  # microseconds: private-pem, public-pem, public-jwk, jwks-100
    "fastjwt-avx512ifma": (2010.0, 28.0, 11.4, 1190.0),
    "pyjwt": (9800.0, 31.0, 44.1, 4600.0),
    "joserfc": (9790.0, 33.0, 46.5, 4900.0),
    "ryjwt": (71.0, 3.4, 3.9, 402.0),
}
_HMAC = {"fastjwt-avx512ifma": (2.9, 3.3), "pyjwt": (7.4, 11.2), "joserfc": (12.8, 18.4), "ryjwt": (1.7, 2.4)}


def _row(
    operation: str, contender: str, rate: float, floor_rate: float | None, **more: Any
) -> dict[str, Any]:
    ratio = None if floor_rate is None else rate / floor_rate
    return {
        "operation": operation,
        "alg": "RS256",
        "contender": contender,
        "bits": 2048,
        "threads": 1,
        "batch": 1,
        "rate": rate,
        "floor": None if floor_rate is None else "openssl speed",
        "ratio": ratio,
        "low": None if ratio is None else ratio * 0.985,
        "high": None if ratio is None else ratio * 1.012,
        "rate_low": rate * 0.98,
        "rate_high": rate * 1.015,
        "rounds": 9,
        "extra": {},
    } | more


def _rows() -> list[dict[str, Any]]:
    rows = []
    sizes = {2048: 0, 3072: 1, 4096: 2}
    for bits, column in sizes.items():
        for threads in (1, 2):
            for name, *_, sign, verify, _how in _CONTENDERS:
                for work, ratio in (("sign", sign), ("verify", verify)):
                    if ratio is None or (
                        threads == 2 and not name.startswith(("fastjwt", "openssl", "ryjwt"))
                    ):
                        continue
                    floor = _FLOOR[work, bits]
                    # Python's share shrinks as the key grows; two threads reach almost twice as much.
                    grown = 1 - (1 - ratio) * 0.55**column if 0.05 < ratio < 1 else ratio
                    twice = 1.93 if threads == 2 and not name.startswith("fastjwt-pure") else 1.0
                    rows.append(_row(work, name, floor * grown * twice, floor, bits=bits, threads=threads))
            for name, ratios in _BATCHED.items():
                for work in ("sign", "verify"):
                    floor = _FLOOR[work, bits]
                    rate = floor * ratios[work][column] * (1.9 if threads == 2 else 1)
                    rows.append(
                        _row(f"{work}_batch", name, rate, floor, bits=bits, threads=threads, batch=10_000)
                    )
                floor = _FLOOR["verify", bits]
                rate = floor * ratios["signatures"][column] * (1.9 if threads == 2 else 1)
                rows.append(
                    _row("verify_signatures", name, rate, floor, bits=bits, threads=threads, batch=10_000)
                )
    for name, ratios in _BATCHED.items():
        for operation, work, kind in (
            ("sign_batch", "sign", "sign"),
            ("verify_batch", "verify", "verify"),
            ("verify_signatures", "verify", "signatures"),
        ):
            floor = _FLOOR[work, 2048]
            for batch in _SIZES:
                if batch != 10_000:
                    whole = 1e6 / (floor * ratios[kind][0])
                    alone = (whole * 4 if name == "fastjwt-avx512ifma" else whole) + 6
                    cost = whole * (1.02 if batch > 10_000 else 1) + (alone - whole) / batch**0.8
                    rows.append(_row(operation, name, 1e6 / cost, floor, batch=batch))
    for stage, cost in _STAGES.items():
        for name, slower in (("fastjwt-avx512ifma", 1.0), ("fastjwt-openssl", 9.0)):
            more = slower if stage == "rsa" else 1.0
            rows.append(_row(f"stage:{stage}", name, 1e6 / (cost * more), None, batch=10_000))
    for name, costs in _KEYS.items():
        for what, cost in zip(("private-pem", "public-pem", "public-jwk", "jwks-100"), costs, strict=True):
            rows.append(_row(f"key:{what}", name, 1e6 / cost, None))
    for name, (sign, verify) in _HMAC.items():
        rows.append(_row("sign", name, 1e6 / sign, None, alg="HS256", bits=256))
        rows.append(_row("verify", name, 1e6 / verify, None, alg="HS256", bits=256))
    for batch, growth in ((100_000, 15_400_000), (1_000_000, 15_900_000)):
        extra = {"peak_growth_bytes": growth, "bytes_per_token": growth / batch, "others": 0.01}
        rows.append(
            _row("memory:verify_stream", "fastjwt-avx512ifma", 190_000.0, None, batch=batch, extra=extra)
        )
    return rows


def make() -> dict[str, Any]:
    """Return the record of a whole run that never was, a new one each time."""
    contenders = [
        {
            "id": name,
            "label": label,
            "version": version,
            "language": language,
            "library": library,
            "how": how,
            "available": sign is not None,
            "reason": None if sign is not None else "no wheel for CPython 3.11",
        }
        for name, label, version, language, library, sign, _verify, how in _CONTENDERS
    ]
    return {
        "format": 1,
        "mode": "whole",
        "circumstances": copy.deepcopy(CIRCUMSTANCES),
        "contenders": contenders,
        "rows": _rows(),
    }


def make_history() -> list[dict[str, Any]]:
    """Return six runs: five of the record's environment, and one of a machine with another CPU."""
    fields = ("cpu", "flags", "cores", "python", "openssl", "engine", "kernel")
    here = {field: CIRCUMSTANCES[field] for field in fields}
    runs = []
    for number, progress in enumerate((0.61, 0.64, 0.83, 0.82, 0.97, 1.0)):
        elsewhere = number == 3
        runs.append(
            {
                "utc": f"2026-01-0{number + 1}T00:00:00Z",
                "commit": f"{number:x}" * 12,
                "dirty": number == 1,
                "mode": "quick" if number == 2 else "whole",
                "environment": here | ({"cpu": "Another imaginary CPU"} if elsewhere else {}),
                "key": "ffff0000" if elsewhere else "0000ffff",
                "load": 0.2,
                "noisy": False,
                "results": [
                    {
                        "operation": operation,
                        "alg": "RS256",
                        "contender": name,
                        "bits": 2048,
                        "threads": 1,
                        "batch": 10_000,
                        "ratio": ratios[kind][0] * (progress if name == "fastjwt-avx512ifma" else 1),
                        "low": ratios[kind][0] * progress * 0.98,
                        "high": ratios[kind][0] * progress * 1.02,
                        "rate": 1000.0,
                    }
                    for name, ratios in _BATCHED.items()
                    for operation, kind in (
                        ("sign_batch", "sign"),
                        ("verify_batch", "verify"),
                        ("verify_signatures", "signatures"),
                    )
                ],
            }
        )
    return runs


def octets(record: dict[str, Any]) -> bytes:
    """Write a record as the suite does."""
    return json.dumps(record, indent=1).encode()


def lines(runs: list[dict[str, Any]]) -> str:
    """Write runs as history.jsonl has them."""
    return "".join(json.dumps(run) + "\n" for run in runs)

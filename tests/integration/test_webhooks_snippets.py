"""The snippets of the guide, run by the interpreters that this machine has."""

from __future__ import annotations

import base64
import json
import runpy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distributor.channels.webhooks import signing
from distributor.channels.webhooks.signing import sign

FOLDER = Path(__file__).parents[2] / "docs" / "webhooks"
IDENT = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"x" * 32).decode()
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
KEY = signing.new_key()
V1A = sign([KEY], IDENT, TIMESTAMP, BODY)
HEADERS = {"webhook-id": IDENT, "webhook-timestamp": str(TIMESTAMP), "webhook-signature": V1}

CASES: dict[str, tuple[bool, dict[str, Any]]] = {
    "the vector": (True, {}),
    "two tokens, ours the second": (True, {"signature": f"v1,{'A' * 43}= {V1}"}),
    "a token of another version before": (True, {"signature": f"v1a,AAAA {V1} v9,x"}),
    "two secrets, ours the second": (True, {"secrets": [OTHER, SECRET]}),
    "five minutes later": (True, {"now": TIMESTAMP + 300}),
    "a changed byte": (False, {"body": BODY.replace(b"4", b"5", 1)}),
    "a byte more": (False, {"body": BODY + b"\n"}),
    "an old timestamp": (False, {"now": TIMESTAMP + 301}),
    "a timestamp of tomorrow": (False, {"now": TIMESTAMP - 301}),
    "no number for a timestamp": (False, {"stamp": "1e9"}),
    "another id": (False, {"ident": "msg_x"}),
    "a wrong secret": (False, {"secrets": [OTHER]}),
    "no secret": (False, {"secrets": []}),
    "v1a only": (False, {"signature": V1A}),
    "an empty signature": (False, {"signature": ""}),
    "half a token": (False, {"signature": V1[:20]}),
    "an empty token": (False, {"signature": "v1,"}),
    "no headers": (False, {"headers": {}}),
}


def call(case: dict[str, Any]) -> dict[str, Any]:
    headers = {
        "webhook-id": case.get("ident", IDENT),
        "webhook-timestamp": case.get("stamp", str(TIMESTAMP)),
        "webhook-signature": case.get("signature", V1),
    }
    return {
        "headers": case.get("headers", headers),
        "body": base64.b64encode(case.get("body", BODY)).decode(),
        "secrets": case.get("secrets", [SECRET]),
        "now": case.get("now", TIMESTAMP),
    }


def by_python(calls: list[dict[str, Any]]) -> list[bool]:
    verify = runpy.run_path(str(FOLDER / "verify.py"))["verify"]
    return [
        verify(one["headers"], base64.b64decode(one["body"]), one["secrets"], one["now"])
        for one in calls
    ]


def by_node(calls: list[dict[str, Any]]) -> list[bool]:
    return run(
        ["node", "--input-type=module", "-e"],
        f"""
        import {{ verify }} from "{(FOLDER / "verify.mjs").as_uri()}";
        const calls = JSON.parse(process.argv[1]);
        console.log(JSON.stringify(calls.map((c) =>
          verify(c.headers, Buffer.from(c.body, "base64"), c.secrets, c.now))));
        """,
        calls,
    )


def by_php(calls: list[dict[str, Any]]) -> list[bool]:
    return run(
        ["php", "-r"],
        f"""
        require "{FOLDER / "verify.php"}";
        echo json_encode(array_map(
            fn($c) => verify($c["headers"], base64_decode($c["body"]), $c["secrets"], $c["now"]),
            json_decode($argv[1], true)));
        """,
        calls,
    )


def run(command: list[str], program: str, given: Any) -> list[bool]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not here")
    done = subprocess.run(
        [*command, program, json.dumps(given)], capture_output=True, text=True, check=True
    )
    answer: list[bool] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("verify", [by_python, by_node, by_php])
def test_verifying_v1(verify: Callable[[list[dict[str, Any]]], list[bool]]) -> None:
    found = verify([call(case) for _, case in CASES.values()])
    assert dict(zip(CASES, found, strict=True)) == {name: good for name, (good, _) in CASES.items()}


ASYMMETRIC = {
    "the key's own": (True, {}),
    "beside another token": (True, {"signature": f"{V1} {V1A}"}),
    "a changed byte": (False, {"body": BODY + b" "}),
    "v1 only": (False, {"signature": V1}),
    "nonsense": (False, {"signature": "v1a,AAAA"}),
    "nothing": (False, {"signature": ""}),
}
JWKS = {
    "keys": [
        signing.jwk(signing.new_key()) | {"kid": "release-1"},
        signing.jwk(signing.new_key()),
        signing.jwk(KEY),
    ]
}


def with_keys(case: dict[str, Any], jwks: dict[str, Any]) -> dict[str, Any]:
    return call({"signature": V1A} | case) | {"jwks": jwks}


def v1a_by_python(calls: list[dict[str, Any]]) -> list[bool]:
    verify = runpy.run_path(str(FOLDER / "verify_v1a.py"))["verify_v1a"]
    return [verify(c["headers"], base64.b64decode(c["body"]), c["jwks"]) for c in calls]


def v1a_by_node(calls: list[dict[str, Any]]) -> list[bool]:
    return run(
        ["node", "--input-type=module", "-e"],
        f"""
        import {{ verifyV1a }} from "{(FOLDER / "verify_v1a.mjs").as_uri()}";
        const calls = JSON.parse(process.argv[1]);
        console.log(JSON.stringify(calls.map((c) =>
          verifyV1a(c.headers, Buffer.from(c.body, "base64"), c.jwks))));
        """,
        calls,
    )


def v1a_by_php(calls: list[dict[str, Any]]) -> list[bool]:
    return run(
        ["php", "-r"],
        f"""
        require "{FOLDER / "verify_v1a.php"}";
        echo json_encode(array_map(
            fn($c) => verify_v1a($c["headers"], base64_decode($c["body"]), $c["jwks"]),
            json_decode($argv[1], true)));
        """,
        calls,
    )


@pytest.mark.parametrize("verify", [v1a_by_python, v1a_by_node, v1a_by_php])
def test_verifying_v1a(verify: Callable[[list[dict[str, Any]]], list[bool]]) -> None:
    found = verify([with_keys(case, JWKS) for _, case in ASYMMETRIC.values()])
    assert found == [good for good, _ in ASYMMETRIC.values()]
    before = {"keys": JWKS["keys"][:2]}
    assert verify([with_keys({}, before), with_keys({}, {"keys": []})]) == [False, False]


def test_the_csharp_snippet_builds(tmp_path: Path) -> None:
    if shutil.which("dotnet") is None:
        pytest.skip("dotnet is not here")
    shutil.copy(FOLDER / "Verify.cs", tmp_path)
    (tmp_path / "Snippet.csproj").write_text(
        '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net8.0</TargetFramework>'
        "<ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>"
    )
    subprocess.run(["dotnet", "build", str(tmp_path)], check=True, capture_output=True)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("[vV]erify*")), ids=lambda path: path.name)
def test_snippets_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 25

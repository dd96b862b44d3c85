"""The workflow that releases, and the wheels that it builds: what is known before."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.patience import SECONDS
from tests.programs import ROOT, environ
from wsocket.project import ADDRESS, __version__

WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
PYTHONS = ("cp310", "cp311", "cp312", "cp313", "cp314")
PLATFORMS = {
    ("linux", "x86_64"): ("manylinux_x86_64", "musllinux_x86_64"),
    ("linux", "aarch64"): ("manylinux_aarch64", "musllinux_aarch64"),
    ("macos", "x86_64"): ("macosx_x86_64",),
    ("macos", "arm64"): ("macosx_arm64",),
}


@pytest.fixture(scope="module")
def jobs():
    return yaml.safe_load(WORKFLOW.read_text())["jobs"]


if sys.version_info >= (3, 11):  # which cibuildwheel needs

    @pytest.mark.processes
    @pytest.mark.parametrize(("platform", "machine"), PLATFORMS)
    def test_each_python_has_a_wheel(platform, machine):
        """As cibuildwheel reads its configuration; none is without the GIL."""
        command = [sys.executable, "-m", "cibuildwheel", "--print-build-identifiers"]
        done = subprocess.run(
            [*command, "--platform", platform, "--archs", machine, str(ROOT)],
            check=True,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=environ(),
        )
        kinds = PLATFORMS[platform, machine]
        expected = {f"{python}-{kind}" for python in PYTHONS for kind in kinds}
        assert set(done.stdout.split()) == expected


def test_wheels_are_built_on_every_kind_of_machine(jobs):
    """Natively: emulated, the tests of a wheel would take hours."""
    machines = jobs["wheels"]["strategy"]["matrix"]["machine"]
    assert len([each for each in machines if each.startswith("ubuntu")]) == 2
    assert any(each.endswith("-arm") for each in machines)
    assert len([each for each in machines if each.startswith("macos")]) == 2
    assert any(each.endswith("-intel") for each in machines)


def test_only_a_tag_publishes_and_only_what_was_tested(jobs):
    """After every other job, with the artifacts of all of them."""
    publish = jobs["publish"]
    assert publish["if"] == "github.ref_type == 'tag'"
    assert set(publish["needs"]) == set(jobs) - {"publish", "version"}
    assert all(jobs[name]["needs"] == "version" for name in publish["needs"])
    used = [step.get("uses", "").partition("@")[0] for step in publish["steps"]]
    assert used.index("actions/attest-build-provenance") < used.index(
        "pypa/gh-action-pypi-publish"
    )


def test_no_secret_is_needed_and_one_job_may_sign(jobs):
    """Trusted publishing: the identity of the workflow, and nothing else."""
    assert "secrets." not in WORKFLOW.read_text()
    signing = [
        name
        for name, job in jobs.items()
        if "id-token" in job.get("permissions", {})
        or "write" in job.get("permissions", {}).values()
    ]
    assert signing == ["publish"]


def test_every_action_has_a_version(jobs):
    """A branch such as main may change under a release."""
    used = [
        step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step
    ]
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d[\d.]*|release/v1)", action), action


def ended_step(
    jobs: dict[str, Any], name: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """A step of the first job as it stands there, in a shell."""
    [step] = [each for each in jobs["version"]["steps"] if each.get("name") == name]
    return subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=ROOT,
        env={**environ(), **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.processes
@pytest.mark.parametrize(("tag", "status"), [(f"v{__version__}", 0), ("v0.0.1", 1)])
def test_a_tag_that_is_not_the_version_releases_nothing(jobs, tag, status):
    """It says what both are."""
    done = ended_step(jobs, "Compare them", GITHUB_REF_NAME=tag)
    assert (done.returncode, done.stderr) == (status, "")
    assert __version__ in done.stdout


@pytest.mark.processes
@pytest.mark.parametrize(("suffix", "status"), [("", 0), ("-of-another", 1)])
def test_another_repository_than_users_are_sent_to_releases_nothing(
    jobs, suffix, status
):
    """Links of the package index and of errors would lead to somebody else."""
    server, _, repository = ADDRESS.partition(".com/")
    done = ended_step(
        jobs,
        "Compare the addresses that users are sent to",
        GITHUB_SERVER_URL=f"{server}.com",
        GITHUB_REPOSITORY=repository + suffix,
    )
    assert (done.returncode, done.stderr) == (status, "")
    assert "wsocket/project.py" in done.stdout

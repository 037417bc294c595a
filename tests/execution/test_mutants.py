"""The fuzzer is sharp: every fault that is put into the executor by hand is seen. All of them take minutes."""

import os
import subprocess
import sys

import pytest

from tests.execution.mutants import MUTANTS, Mutant

ALL = os.environ.get("HOMEROOM_TEST_MUTANTS") == "1"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_still_fits_the_source(mutant: Mutant) -> None:
    compile(mutant.source(), mutant.file, "exec")


@pytest.mark.skipif(not ALL, reason="HOMEROOM_TEST_MUTANTS=1 tries every mutant, for minutes")
def test_every_mutant_is_caught_and_the_executor_as_it_stands_is_not() -> None:
    # In a process that has not loaded the executor yet: each mutant loads its own.
    ran = subprocess.run(
        [sys.executable, "-m", "tests.execution.mutants"], capture_output=True, text=True, timeout=1800, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr

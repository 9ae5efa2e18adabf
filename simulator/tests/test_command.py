"""The command line and the world file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from simulator.__main__ import main
from simulator.app import load_world

ROOT = Path(__file__).parents[2]


def test_help_works_from_the_repository_root():
    command = [sys.executable, "-m", "simulator", "--help"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=True)
    assert "--fault" in result.stdout and "--retry-gaps" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fault", '{"kind": "earthquake"}'],
        ["--fault", "{"],
        ["--config", "missing.json"],
        ["--keep", "0"],
        ["--state", "missing/state.json"],
    ],
)
def test_wrong_options_end_with_a_message(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2 and "error:" in capsys.readouterr().err


def test_a_world_file_is_checked(tmp_path):
    file = tmp_path / "world.json"
    good = {"accounts": [{"waba_id": "1", "name": "A", "app_id": "2", "app_secret": "s"}]}
    file.write_text(json.dumps(good))
    assert load_world(file).accounts[0].waba_id == "1"
    for bad in ({"accounts": []}, good | {"extra": 1}, good | {"customers": [{"id": "x", "name": "X", "wa_id": "+1"}]}):
        file.write_text(json.dumps(bad))
        with pytest.raises(ValidationError):
            load_world(file)

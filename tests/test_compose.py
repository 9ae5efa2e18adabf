"""The Docker demo can't be started everywhere; what it names can be checked everywhere."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "docker-compose.yml"
ODOO_SCRIPT = ROOT / "docker/odoo-demo.sh"
VARIABLE = re.compile(r"(?<!\$)\$\{?(\w+)(?::-(\w+))?\}?")


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]


@pytest.fixture(scope="module")
def mounts(services):
    """(source, target) of everything mounted."""
    return [tuple(mount.split(":")[:2]) for service in services.values() for mount in service.get("volumes", [])]


def default_in_demo(name):
    """What scripts/demo uses when the variable is not set."""
    return re.search(rf"^{name}=\$\{{{name}:-(\w+)\}}", read("scripts/demo"), re.MULTILINE)[1]


def test_services(services):
    assert services["db"]["image"] == "postgres:16"
    assert services["odoo"]["image"] == "odoo:19.0"
    assert set(services) == {"db", "odoo", "simulator"}


def test_each_service_has_a_healthcheck(services):
    assert [name for name, service in services.items() if not service.get("healthcheck", {}).get("test")] == []


def test_services_named_exist(services):
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        network = service.get("network_mode", "service:odoo")
        assert network.removeprefix("service:") in services
    # Ports can be published only by the service whose network it is.
    assert "ports" not in services["simulator"]


def test_mounted_paths_and_volumes_exist(mounts):
    declared = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["volumes"]
    for source, _target in mounts:
        assert (ROOT / source).exists() if source.startswith(".") else source in declared, source


def test_every_variable_has_the_default_of_the_demo():
    used = VARIABLE.findall(COMPOSE.read_text(encoding="utf-8"))
    assert {name for name, _default in used} == {"ODOO_PORT", "PHONE_PORT"}
    assert {(name, default) for name, default in used} == {(name, default_in_demo(name)) for name, _default in used}


def test_ports_are_the_same_inside_and_outside(services):
    # Links in messages and the webhook address must work for the browser and for the simulator alike.
    for port in services["odoo"]["ports"]:
        host, outside, inside = re.fullmatch(r"([\d.]+):(\$\{.*?\}):(\$\{.*?\})", port).groups()
        assert host == "127.0.0.1"
        assert outside == inside
    assert services["simulator"]["command"][-1] in services["odoo"]["ports"][1]


def test_simulator_image_builds_from_what_is_there(services):
    build = services["simulator"]["build"]
    context = ROOT / build["context"]
    dockerfile = (context / build["dockerfile"]).resolve()
    copied = re.findall(r"^COPY (\S+) ", dockerfile.read_text(encoding="utf-8"), re.MULTILINE)
    assert copied
    assert [source for source in copied if not (context / source).exists()] == []
    for option in services["simulator"]["command"][::2]:
        assert f'"{option}"' in read("simulator/__main__.py")


def test_odoo_script_finds_its_files_and_variables(services, mounts):
    script = ODOO_SCRIPT.read_text(encoding="utf-8")
    targets = {target for _source, target in mounts}
    assert services["odoo"]["entrypoint"][-1] in targets
    assert set(re.findall(r"/mnt/[\w./-]+", script)) <= targets
    own = set(re.findall(r"(?:^|\s)(\w+)=", script)) | {"1"}
    assert {name for name, _default in VARIABLE.findall(script)} <= own | set(services["odoo"]["environment"])
    subprocess.run(["bash", "-n", str(ODOO_SCRIPT)], check=True)


def test_odoo_script_does_what_the_demo_does(services):
    script, demo = ODOO_SCRIPT.read_text(encoding="utf-8"), read("scripts/demo")
    assert set(re.findall(r" -[iu] (\S+)", script)) == set(re.findall(r" -[iu] (\S+)", demo))
    wanted = set(re.findall(r'os\.environ\["(\w+)"\]', read("scripts/demo_data.py")))
    assert wanted
    for name in wanted:
        assert re.search(rf"^export .*\b{name}=", script, re.MULTILINE)
        assert re.search(rf"^export .*\b{name}=", demo, re.MULTILINE)


def test_database_login_matches(services):
    database, odoo = services["db"]["environment"], services["odoo"]["environment"]
    assert odoo["HOST"] in services
    assert (odoo["USER"], odoo["PASSWORD"]) == (database["POSTGRES_USER"], database["POSTGRES_PASSWORD"])

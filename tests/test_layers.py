"""Messages flow one way; so do imports (read with ast, without running anything)."""

import ast
from pathlib import Path

import pytest

ADDON = Path(__file__).parent.parent / "whatsapp_cs"

# folder: names that may not be imported there
FORBIDDEN = {
    "tools": ("odoo.models", "odoo.fields", "odoo.api", "odoo.http", "odoo.addons"),
    "models": ("requests", "odoo.http"),
    "controllers": ("requests",),
    "report": ("requests", "odoo.http"),
}


def get_imports(path):
    """Return the dotted names a file imports, ``from odoo import fields`` as ``odoo.fields``."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            names += [f"{base}.{alias.name}" if base.strip(".") else base + alias.name for alias in node.names]
    return names


def find_violations(folder, forbidden):
    return [
        f"{path.relative_to(ADDON)} imports {name}"
        for path in (ADDON / folder).rglob("*.py")
        for name in get_imports(path)
        if any(name == word or name.startswith(word + ".") for word in forbidden)
    ]


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_a_layer_imports_only_what_lies_below_it(folder):
    assert list((ADDON / folder).glob("*.py")), "the folder moved: adapt the test"
    assert find_violations(folder, FORBIDDEN[folder]) == []


def test_only_the_graph_client_talks_http():
    talkers = {
        path.name
        for path in ADDON.rglob("*.py")
        if "tests" not in path.parts
        for name in get_imports(path)
        if name.split(".")[0] in ("requests", "urllib3", "httpx", "aiohttp")
        or name.startswith(("http.client", "urllib.request"))
    }
    assert talkers == {"graph_client.py"}


def test_tools_do_not_know_models():
    assert find_violations("tools", ("..models", "..controllers")) == []


def test_the_check_finds_what_it_looks_for(tmp_path):
    sample = tmp_path / "sample.py"
    sample.write_text("import requests.sessions\nfrom odoo import fields, tools\nfrom ..models import x\n")
    assert get_imports(sample) == ["requests.sessions", "odoo.fields", "odoo.tools", "..models.x"]

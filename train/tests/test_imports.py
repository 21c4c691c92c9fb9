"""The subpackages depend on one another in one direction only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from conftest import ROOT

TRAIN = ROOT / "train"

#: What each subpackage may import besides itself; the programs beside the subpackages may import everything.
ALLOWED = {
    "data": set(),
    "network": {"data"},
    "augment": {"data", "network"},
    "export": {"data", "network"},
    "evaluate": {"data", "network", "augment", "export", "reference"},
    "reference": {"network.config"},
}


def imported(path: Path) -> set[str]:
    """Modules of this package that a file imports, without the leading `train.`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            # `from train.evaluate import legibility` imports a module too.
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("train.") for name in names if name.startswith("train.")}


def test_every_subpackage_is_listed():
    assert {path.parent.name for path in TRAIN.glob("*/__init__.py")} == set(ALLOWED)


@pytest.mark.parametrize("package", ALLOWED)
def test_a_subpackage_imports_only_those_below_it(package):
    allowed = {package, *ALLOWED[package]}
    for path in sorted((TRAIN / package).glob("*.py")):
        for name in imported(path):
            assert any(name == one or name.startswith(f"{one}.") for one in allowed), f"{path.name} imports {name}"


def test_modules_of_a_subpackage_form_no_circle():
    graph = {
        f"{path.parent.name}.{path.stem}": {".".join(name.split(".")[:2]) for name in imported(path)}
        for package in ALLOWED
        for path in (TRAIN / package).glob("*.py")
    }
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, f"circular import: {' -> '.join([*above, module])}"
        if module in graph and module not in done:
            for name in graph[module]:
                visit(name, (*above, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_no_subpackage_imports_a_program():
    programs = {path.stem for path in TRAIN.glob("*.py")}
    for package in ALLOWED:
        for path in (TRAIN / package).glob("*.py"):
            assert not {name.split(".")[0] for name in imported(path)} & programs, path

"""The layers hold: imports go down, never up, never sideways; apps meet only through what lies below them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BELOW = {
    "config.backoffice": {"config"},
    "orgs": {"config"},
    "tracker": {"config", "orgs"},
    "revenue": {"config", "orgs"},
    "signals": {"config", "orgs", "tracker", "revenue"},
}
APPS = set(BELOW) - {"config.backoffice"}
RELATIONS = {"ForeignKey", "OneToOneField", "ManyToManyField"}
FORBIDDEN_MODULES = {"services.py", "utils.py", "helpers.py", "signals.py"}


def modules() -> list:
    return [
        pytest.param(layer, path, id=str(path.relative_to(ROOT)))
        for layer in BELOW
        for path in sorted(folder(layer).rglob("*.py"))
    ]


def folder(layer: str) -> Path:
    return ROOT.joinpath(*layer.split("."))


def imported(tree: ast.AST) -> set[str]:
    """Top-level packages that a file imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize(("layer", "path"), modules())
def test_imports_go_down(layer: str, path: Path) -> None:
    own = layer.split(".", maxsplit=1)[0]
    upward = (imported(ast.parse(path.read_text())) & APPS) - BELOW[layer] - {own}
    assert not upward, f"{path.relative_to(ROOT)} imports {sorted(upward)}, which {layer} may not know"


@pytest.mark.parametrize(("layer", "path"), modules())
def test_no_app_is_reached_by_name(layer: str, path: Path) -> None:
    """`apps.get_model` and relation strings would hide an upward dependency from the import check."""
    if "migrations" in path.parts:
        return
    allowed = BELOW[layer] | {layer.split(".", maxsplit=1)[0]}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr == "get_model":
            pytest.fail(f"{path.relative_to(ROOT)}:{node.lineno} reaches a model by name")
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in RELATIONS:
            target = node.args[0] if node.args else None
            if isinstance(target, ast.Constant) and "." in target.value:
                assert target.value.split(".")[0] in allowed | {"auth"}, f"{path}:{node.lineno} {target.value}"


@pytest.mark.parametrize("layer", sorted(BELOW))
def test_modules_have_names_of_the_business(layer: str) -> None:
    named = {path.name for path in folder(layer).rglob("*.py")}
    assert not named & FORBIDDEN_MODULES


def test_the_theme_has_one_door() -> None:
    for path in [*ROOT.glob("config/**/*.py"), *(file for app in APPS for file in folder(app).rglob("*.py"))]:
        if path.name != "site.py":
            assert "unfold" not in imported(ast.parse(path.read_text())), f"{path} imports the theme itself"

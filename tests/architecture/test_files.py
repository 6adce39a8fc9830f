"""What holds for every file of the product."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent.parent
MAX_LINES = 400
# Put together here, so that this very file does not contain them.
PRIVATE_FOLDERS = re.compile("/wor" + "k/" + r"|\.\./shar" + "ed" + r"|\bshar" + "ed" + r"/(api|design|hooks|lab)\b")
SHELLS = {("os", "system"), ("os", "popen"), ("subprocess", "getoutput"), ("subprocess", "getstatusoutput")}


@cache
def product_files() -> tuple[Path, ...]:
    """What is committed or about to be."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={REPO}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(sorted(path for name in listed.stdout.split("\0") if name and (path := REPO / name).is_file()))


def python_files() -> list[Path]:
    found = [path for path in product_files() if path.suffix == ".py"]
    assert found
    return found


def short(path: Path) -> str:
    return str(path.relative_to(REPO))


def test_no_python_file_is_longer_than_400_lines() -> None:
    lengths = {
        short(path): len(path.read_text().splitlines()) for path in python_files() if "migrations" not in path.parts
    }
    assert {name: count for name, count in lengths.items() if count > MAX_LINES} == {}


def test_no_file_names_a_folder_outside_the_repository() -> None:
    guilty = []
    for path in product_files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        guilty += [
            f"{short(path)}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), 1)
            if PRIVATE_FOLDERS.search(line)
        ]
    assert guilty == []


def test_no_compiled_or_generated_file_is_committed() -> None:
    bad = {".pyc", ".pyo", ".sqlite3", ".log", ".qcow2", ".iso", ".whl"}
    assert [short(path) for path in product_files() if path.suffix in bad or "__pycache__" in path.parts] == []


def test_no_command_goes_through_a_shell() -> None:
    guilty = []
    # Parsing all files takes long; one that has none of these words cannot be guilty.
    words = {"shell", *(name for _, name in SHELLS)}
    for path in python_files():
        text = path.read_text()
        if not any(word in text for word in words):
            continue
        for node in ast.walk(ast.parse(text, filename=str(path))):
            if isinstance(node, ast.Call) and _uses_shell(node):
                guilty.append(f"{short(path)}:{node.lineno}")
    assert guilty == []


def _uses_shell(call: ast.Call) -> bool:
    for keyword in call.keywords:
        if keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False):
            return True
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and (function.value.id, function.attr) in SHELLS
    )


@pytest.mark.parametrize(
    ("line", "guilty"),
    [
        ("subprocess.run(x, shell=True)", True),
        ("subprocess.run(x, shell=flag)", True),
        ("subprocess.run(x, shell=False)", False),
        ("os.system('ls')", True),
        ("subprocess.run(['ls'])", False),
    ],
)
def test_the_search_for_shells_finds_them(line: str, guilty: bool) -> None:
    [call] = [node for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Call)]
    assert _uses_shell(call) is guilty

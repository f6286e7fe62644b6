"""Checks that every test that docs/fault_matrix.md names is there.

    fault_matrix.py ROOT

A line of the page such as

    - `failure_test`: "a server that speaks text only is told apart at once"

names a file somewhere under tests/ and a case in it: of TEST_CASE, or of the table of the engine
contract. Every row, `### 12. ...`, has at least one, and the rows that have to be there are.
"""

import pathlib
import re
import sys

REQUIRED = {*range(1, 17), 23, 24, *range(26, 33), *range(34, 45)}
ROW = re.compile(r"### (\d+)\. ")
SHOWN_BY = re.compile(r'- `(\w+)`: "(.+)"$')
CASE = re.compile(r'(?:TEST_CASE\(|^\s*\{)((?:\s*"(?:[^"\\]|\\.)*")+)', re.MULTILINE)
PIECE = re.compile(r'"((?:[^"\\]|\\.)*)"')


def cases_of(file):
    return {"".join(PIECE.findall(m[1])) for m in CASE.finditer(file.read_text())}


def check(root):
    """The complaints."""
    page = root / "docs/fault_matrix.md"
    if not page.is_file():
        return ["there is no docs/fault_matrix.md: is the root right?"]
    complaints, rows, row, known = [], {}, None, {}
    for number, line in enumerate(page.read_text().splitlines(), 1):
        where = f"docs/fault_matrix.md:{number}"
        if heading := ROW.match(line):
            row = int(heading[1])
            if row in rows:
                complaints.append(f"{where}: row {row} is there twice")
            rows[row] = 0
            continue
        if line.startswith("#"):
            row = None
        shown = SHOWN_BY.match(line)
        if not shown:
            if line.startswith("- `"):
                complaints.append(f"{where}: neither a test nor a sentence: {line}")
            continue
        name, case = shown.groups()
        if name not in known:
            files = sorted((root / "tests").rglob(f"{name}.cpp"))
            if len(files) != 1:
                complaints.append(f"{where}: {len(files)} files have the name {name}.cpp")
            known[name] = set().union(*map(cases_of, files)) if files else set()
        if case not in known[name]:
            complaints.append(f'{where}: {name} has no case "{case}"')
        if row is not None:
            rows[row] += 1
    complaints += [f"row {r} names no test" for r, count in rows.items() if count == 0]
    complaints += [f"row {r} is missing" for r in sorted(REQUIRED - rows.keys())]
    return complaints


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = check(pathlib.Path(sys.argv[1]))
    for complaint in found:
        print(complaint)
    sys.exit(1 if found else 0)

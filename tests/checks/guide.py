"""Checks that the guide shows the code of the examples, and not what somebody remembered of it.

    guide.py ROOT            says what differs, and fails if anything does
    guide.py ROOT --write    puts the examples' present code into the pages

An example marks a region with a line `// [name]` before it and the same line behind it. A page of
docs/guide shows it in a block of C++ under the line

    <!-- examples/04_counters.cpp [count] -->

Every block of C++ in the guide is such a block, every region is on a page, every example has a page,
and the README and the guide link to nothing that is missing. Example output is not looked at: the
test of the examples does that.
"""

import pathlib
import re
import sys

MARKER = re.compile(r"\s*// \[(\w+)\]$")
SOURCE = re.compile(r"<!-- (examples/\S+\.cpp) \[(\w+)\] -->$")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)|`(docs/guide/\S+\.md)`")


def dedent(lines):
    width = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
    return [line[width:] for line in lines]


def regions_of(file, complain):
    """The regions of an example: name -> lines. Regions do not nest."""
    found, name, began = {}, None, 0
    lines = file.read_text().splitlines()
    for number, line in enumerate(lines):
        marker = MARKER.match(line)
        if not marker:
            continue
        if name is None:
            name, began = marker[1], number + 1
            if name in found:
                complain(f"{file.name}:{number + 1}: a second region [{name}]")
        elif name == marker[1]:
            found[name], name = dedent(lines[began:number]), None
        else:
            complain(f"{file.name}:{number + 1}: [{marker[1]}] begins inside [{name}]")
    if name is not None:
        complain(f"{file.name}: [{name}] has no end")
    return found


def rewritten(page, regions, used, complain):
    """The text of a page with the blocks as they should be."""
    lines, out, i = page.read_text().splitlines(), [], 0
    source = None
    while i < len(lines):
        line = lines[i]
        out.append(line)
        i += 1
        if not line.startswith("```"):
            source = SOURCE.match(line)
            continue
        end = next((k for k in range(i, len(lines)) if lines[k] == "```"), None)
        if end is None:
            complain(f"{page.name}:{i}: a block without an end")
            return page.read_text()
        block = lines[i:end]
        if source is not None:
            key = (source[1], source[2])
            if key in regions:
                used.add(key)
                block = regions[key]
            else:
                complain(f"{page.name}:{i}: there is no {source[1]} [{source[2]}]")
        elif line == "```cpp":
            complain(f"{page.name}:{i}: C++ that no example has")
        out += block + ["```"]
        i, source = end + 1, None
    return "\n".join(out) + "\n"


def check_links(root, page, complain):
    for match in LINK.finditer(page.read_text()):
        target = page.parent / match[1] if match[1] else root / match[2]
        if not target.exists():
            complain(f"{page.relative_to(root)}: nothing is at {match[1] or match[2]}")


def check(root, write):
    """What is wrong, as sentences."""
    wrong = []
    examples = sorted((root / "examples").glob("*.cpp"))
    pages = sorted((root / "docs/guide").glob("*.md"))
    if not examples or not pages:
        return ["there is no guide, or there are no examples: is the root right?"]
    regions, used = {}, set()
    for file in examples:
        for name, lines in regions_of(file, wrong.append).items():
            regions[(f"examples/{file.name}", name)] = lines
    for page in pages:
        text = rewritten(page, regions, used, wrong.append)
        if text != page.read_text():
            if write:
                page.write_text(text)
            else:
                wrong.append(f"{page.name} differs from its examples: run guide.py with --write")
    for example, name in sorted(set(regions) - used):
        wrong.append(f"{example} [{name}] is on no page")
    for file in examples:
        if not any(example == f"examples/{file.name}" for example, _ in used):
            wrong.append(f"examples/{file.name} has no page")
    readme = root / "README.md"
    for page in pages:
        if f"docs/guide/{page.name}" not in readme.read_text():
            wrong.append(f"the README does not lead to docs/guide/{page.name}")
    for page in [readme, *pages]:
        check_links(root, page, wrong.append)
    return wrong


if __name__ == "__main__":
    arguments = [a for a in sys.argv[1:] if a != "--write"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    complaints = check(pathlib.Path(arguments[0]).resolve(), "--write" in sys.argv)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    sys.exit(1 if complaints else 0)

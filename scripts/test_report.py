"""What scripts/test shows at the end, and the results of the parts that pytest does not run.

test_report.py lint LOG XML                       each hook of the style check as a test
test_report.py install LOG XML STATUS SECONDS     installing the addon as a test: no error in Odoo's log
test_report.py summary FOLDER PARTS FAILED        table and counts of all results
"""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

# A test of these parts that is skipped would hide that a browser is missing.
NO_SKIPS = ("addon", "outside")
HOOK = re.compile(r"^(?P<name>\S.*?)\.{3,}(?:\(.*?\))?(?P<result>Passed|Failed|Skipped)$")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ")
TROUBLE = re.compile(r"^\S+ \S+ \d+ (?:ERROR|CRITICAL) ")


def write_suite(path, name, cases):
    """Write JUnit XML; a case is (name, seconds, failure or None, skipped)."""
    failures = sum(bool(failure) for _name, _seconds, failure, _skipped in cases)
    suite = ElementTree.Element("testsuite", name=name, tests=str(len(cases)), failures=str(failures))
    for case_name, seconds, failure, skipped in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=case_name, time=str(seconds))
        if failure:
            ElementTree.SubElement(case, "failure", message=failure.splitlines()[0]).text = failure
        elif skipped:
            ElementTree.SubElement(case, "skipped")
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def report_lint(log, xml):
    cases, said = [], []
    for line in COLOURS.sub("", Path(log).read_text(errors="replace")).splitlines():
        hook = HOOK.match(line)
        if hook:
            cases.append([hook["name"], hook["result"], said := []])
        else:
            said.append(line)
    write_suite(
        xml,
        "lint",
        [
            (name, 0, printable("\n".join([name, *lines])) if result == "Failed" else None, result == "Skipped")
            for name, result, lines in cases
        ],
    )


def report_install(log, xml, status, seconds):
    trouble, keep = [], False
    for line in Path(log).read_text(errors="replace").splitlines():
        if LOG_LINE.match(line):
            keep = bool(TROUBLE.match(line))
        if keep:  # with the traceback below it
            trouble.append(line)
    if status != "0":
        trouble.append(f"Odoo ended with status {status}.")
    write_suite(xml, "install", [("no error while installing", seconds, printable("\n".join(trouble)), False)])
    if trouble:
        print("\n".join(trouble[:80]), f"\n✗ Installing the addon failed. The whole log: {log}", sep="")
    return not trouble


def printable(text):
    """XML has no place for control characters."""
    return re.sub(r"[^\t\n\x20-\ud7ff\ue000-\U0010ffff]", "", text)


def count(xml, may_skip):
    """Return passed, failed, skipped, seconds. A test that is expected to fail counts as skipped."""
    passed = failed = skipped = 0
    seconds = 0.0
    for case in ElementTree.parse(xml).iter("testcase"):
        seconds += float(case.get("time", 0))
        tags = {child.tag for child in case}
        skip = case.find("skipped")
        if tags & {"failure", "error"} or (skip is not None and not may_skip and skip.get("type") != "pytest.xfail"):
            failed += 1
        elif skip is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped, seconds


def report_summary(folder, parts, failed_parts):
    rows = []
    for part in parts.split(","):
        for name in ("install", "addon") if part == "addon" else (part,):
            try:
                passed, failed, skipped, seconds = count(Path(folder, f"{name}.xml"), name not in NO_SKIPS)
            except (OSError, ElementTree.ParseError):
                passed, failed, skipped, seconds = 0, 1, 0, 0  # it broke before it could count
            rows.append([name, passed, failed, skipped, seconds])
        if part in failed_parts.split(",") and not any(row[2] for row in rows[-2 if part == "addon" else -1 :]):
            rows[-1][2] += 1  # something beside the tests went wrong
        elif not rows[-1][1] + rows[-1][2]:
            rows[-1][2] += 1  # no test ran at all
    passed, failed, skipped = (sum(row[index] for row in rows) for index in (1, 2, 3))
    print(f"\n{'part':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for name, *counts, seconds in rows:
        print(f"{name:<12}{counts[0]:>8}{counts[1]:>8}{counts[2]:>9}{seconds:>9.1f}")
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return not failed


if __name__ == "__main__":
    action, *arguments = sys.argv[1:]
    done = {"lint": report_lint, "install": report_install, "summary": report_summary}[action](*arguments)
    sys.exit(done is False)

"""Names test files of the workspace, one a line.

Usage: test_files.py only|except PACKAGE:PATTERN...    prints PACKAGE FILE
"""

import fnmatch
import json
import subprocess
import sys


def main(mode, pairs):
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    for package in packages:
        for target in package["targets"]:
            name = f"{package['name']}:{target['name']}"
            is_named = any(fnmatch.fnmatchcase(name, pair) for pair in pairs)
            if target["kind"] == ["test"] and is_named == (mode == "only"):
                print(package["name"], target["name"])


main(sys.argv[1], sys.argv[2:])

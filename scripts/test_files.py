"""Names the workspace's test files, one a line.  Usage: test_files.py only|except PATTERN..."""

import fnmatch
import json
import subprocess
import sys


def main(mode, patterns):
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    names = {
        target["name"] for package in packages for target in package["targets"] if target["kind"] == ["test"]
    }
    for name in sorted(names):
        if any(fnmatch.fnmatch(name, pattern) for pattern in patterns) == (mode == "only"):
            print(name)


main(sys.argv[1], sys.argv[2:])

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is in an output folder, for tests that compare two of them."""

# of a dashboard, when and where it was made: the file, and its copy for the page
DIFFERENT = {'run_info.json', 'data/run_info.js'}


def content(folder):
    """name -> bytes, of all files that equal runs have alike"""
    files = {path.relative_to(folder).as_posix(): path
             for path in folder.rglob('*') if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items()
            if name not in DIFFERENT}

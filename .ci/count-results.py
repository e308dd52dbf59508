# SPDX-License-Identifier: LGPL-2.1-or-later
"""Adds up what `meson test` left in the build folders named: prints
"N passed, N failed, N skipped" and exits 1 if anything failed."""

import json
import pathlib
import sys

PASSED = {'OK', 'EXPECTEDFAIL'}
SKIPPED = {'SKIP'}


def main():
    passed = failed = skipped = 0
    for folder in sys.argv[1:]:
        log = pathlib.Path(folder, 'meson-logs', 'testlog.json')
        for line in log.read_text(encoding='utf-8').splitlines():
            test = json.loads(line)
            if test['result'] in PASSED:
                passed += 1
            elif test['result'] in SKIPPED:
                skipped += 1
                print('skipped:', test['name'])
            else:
                failed += 1
                print('failed:', test['name'])
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())

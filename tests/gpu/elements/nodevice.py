# SPDX-License-Identifier: LGPL-2.1-or-later
"""The plugin as it is installed, on a machine without a device: it loads,
lists its elements, and each refuses to go to READY with one error."""

import os
import re
import subprocess
import unittest

TIMEOUT = 60
ELEMENTS = {'cudaactupload', 'cudaactdownload', 'cudaactforward',
            'cudaactdeadfilter', 'cudaactclustermax', 'cudaactclustermean',
            'cudaactclustersum'}


def run(*command):
    # a machine that has devices shall not show them
    environment = {**os.environ, 'CUDA_VISIBLE_DEVICES': ''}
    return subprocess.run(command, text=True, capture_output=True,
                          timeout=TIMEOUT, env=environment)


class NoDevice(unittest.TestCase):
    def test_inspect(self):
        result = run('gst-inspect-1.0', 'actcuda')
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(
            set(re.findall(r'^  (cudaact\w+):', result.stdout, re.MULTILINE)),
            ELEMENTS)

    def test_ready(self):
        for name in sorted(ELEMENTS):
            with self.subTest(name):
                result = run('gst-launch-1.0', name, '!', 'fakesink')
                self.assertNotEqual(result.returncode, 0, result.stdout)
                errors = re.findall('^ERROR: from element.*', result.stderr,
                                    re.MULTILINE)
                self.assertEqual(len(errors), 1, result.stderr)
                self.assertIn('there is no CUDA device to run on', errors[0])


if __name__ == '__main__':
    unittest.main(verbosity=2)

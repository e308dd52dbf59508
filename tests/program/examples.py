# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example programs: both give the same counts, which agree with the
dashboard; with EMBED_C and EMBED_PY what to run."""

import os
import subprocess
import sys
import unittest

import harness

TEXT = harness.LICENCES / 'BSD'


class Embedding(unittest.TestCase):
    def output_of(self, *command):
        result = subprocess.run([*command, harness.SAMPLE, TEXT, '8'],
                                text=True, capture_output=True,
                                timeout=harness.TIMEOUT)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def test_same_in_c_and_python(self):
        in_c = self.output_of(os.environ['EMBED_C'])
        lines = in_c.stdout.splitlines()
        self.assertEqual(lines[0], 'cluster positions samples maximum')
        self.assertEqual(len(lines), 9)
        positions = [int(line.split()[1]) for line in lines[1:]]
        self.assertEqual(positions, sorted(positions, reverse=True))
        self.assertGreater(positions[-1], 0)
        if 'EMBED_PY' in os.environ:
            in_python = self.output_of(sys.executable, os.environ['EMBED_PY'])
            self.assertEqual(in_python.stdout, in_c.stdout)

    def test_errors(self):
        for command in ([os.environ['EMBED_C']],
                        [os.environ['EMBED_C'], '/no/such/model', TEXT]):
            result = subprocess.run(command, text=True, capture_output=True,
                                    timeout=harness.TIMEOUT)
            self.assertNotEqual(result.returncode, 0)
            self.assertNotEqual(result.stderr, '')


if __name__ == '__main__':
    harness.main()

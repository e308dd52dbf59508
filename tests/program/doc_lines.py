# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every launch line that the documentation shows: the examples in the
elements' doc comments, and the commands of ours in the `sh` blocks of the
README and of docs/."""

import re
import subprocess
import tempfile
import unittest

import harness

ROOT = harness.PIPELINES.parent
SCRATCH = '/tmp/act-doc'
OURS = ('gst-launch-1.0', 'gst-activations', 'gst-inspect-1.0',
        'eval "gst-launch-1.0')


def element_lines(path):
    """Each example of a doc comment, on one line."""
    text = path.read_text(encoding='utf-8')
    for block in re.findall(r'\|\[(.*?)\]\|', text, re.DOTALL):
        lines = [line.strip().removeprefix('*').strip().removesuffix('\\')
                 for line in block.splitlines()]
        yield ' '.join(line.strip() for line in lines if line.strip())


def page_lines(path):
    """Each of our commands in a page's sh blocks, on one line."""
    text = path.read_text(encoding='utf-8')
    for block in re.findall(r'^```sh\n(.*?)^```', text,
                            re.DOTALL | re.MULTILINE):
        for line in block.replace('\\\n', ' ').splitlines():
            if line.strip().startswith(OURS):
                yield line.strip()


class Lines(unittest.TestCase):
    def run_line(self, line):
        with tempfile.TemporaryDirectory(prefix='act-doc-') as scratch:
            result = subprocess.run(
                ['sh', '-c', line.replace(SCRATCH, scratch)], cwd=ROOT,
                env=harness.launch_environment(), text=True,
                capture_output=True, timeout=harness.TIMEOUT)
        self.assertEqual(result.returncode, 0,
                         f'{line}\n{result.stdout}\n{result.stderr}')
        self.assertNotIn('WARNING', result.stdout + result.stderr, line)

    def test_elements(self):
        sources = [path for path in sorted((ROOT / 'elements').glob('*.c'))
                   if 'SECTION:element-' in path.read_text(encoding='utf-8')]
        self.assertNotEqual(sources, [])
        for path in sources:
            lines = list(element_lines(path))
            self.assertNotEqual(lines, [], f'{path} shows no launch line')
            for line in lines:
                with self.subTest(path=path.name, line=line):
                    self.assertTrue(line.startswith(OURS), line)
                    self.run_line(line)

    def test_pages(self):
        pages = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]
        for path in pages:
            for line in page_lines(path):
                with self.subTest(path=path.name, line=line):
                    self.run_line(line)


if __name__ == '__main__':
    harness.main()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every launch line that the documentation shows: the examples in the
elements' doc comments, and the commands of ours in the `sh` blocks of the
README and of docs/, in the environment that the guide says: `meson devenv`,
with nothing of the tests' own."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

import harness

ROOT = harness.PIPELINES.parent
SCRATCH = '/tmp/act-doc'
OURS = ('gst-launch-1.0', 'gst-activations', 'gst-inspect-1.0',
        'eval "gst-launch-1.0', '.venv/bin/python')
# what a page's commands need that not everybody has
NEEDS = {'your-own-run.md': ('torch', 'safetensors', 'yaml', 'pyarrow',
                             'libyaml')}
DEVENV = 'meson devenv -C build -w .'


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


def available():
    """Which of those there are."""
    wanted = {name for names in NEEDS.values() for name in names}
    found = {name for name in wanted if importlib.util.find_spec(name)}
    return found | set(os.environ.get('ACT_TEST_LIBRARIES', '').split())


def plain_environment():
    """That of somebody who has built it, and done no more."""
    build = os.environ['ACT_TEST_BUILD']
    environment = {
        name: value for name, value in harness.launch_environment().items()
        if not name.startswith(('ACT_', 'GST_', 'GI_', 'LD_LIBRARY'))}
    environment['PATH'] = ':'.join(
        folder for folder in environment['PATH'].split(':')
        if not folder.startswith(build))
    return environment


def devenv_command():
    """What the documentation says, with this build folder and this meson."""
    words = shlex.split(DEVENV)
    words[words.index('build')] = os.environ['ACT_TEST_BUILD']
    return [os.environ['ACT_TEST_MESON'], *words[1:]]


class Lines(unittest.TestCase):
    def run_line(self, line, scratch):
        line = line.replace(SCRATCH, scratch)
        if line.startswith('.venv/bin/python'):
            if not importlib.util.find_spec('numpy'):
                return
            line = line.replace('.venv/bin/python', sys.executable, 1)
        result = subprocess.run(
            [*devenv_command(), 'sh', '-c', line], cwd=ROOT,
            env=plain_environment(), text=True,
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
                    with tempfile.TemporaryDirectory(
                            prefix='act-doc-') as scratch:
                        self.run_line(line, scratch)

    def test_pages(self):
        pages = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]
        for path in pages:
            missing = set(NEEDS.get(path.name, ())) - available()
            if missing:
                with self.subTest(path=path.name):
                    self.skipTest(f'{path.name} needs {missing}')
                continue
            with tempfile.TemporaryDirectory(prefix='act-doc-') as scratch:
                for line in page_lines(path):
                    with self.subTest(path=path.name, line=line):
                        self.run_line(line, scratch)

    def test_environment(self):
        """The one that the lines are run in is the one that is named."""
        for page in ('README.md', 'docs/guide.md', 'docs/elements.md'):
            self.assertIn(DEVENV, (ROOT / page).read_text(encoding='utf-8'))
        for path in ROOT.glob('docs/*.md'):
            for command in re.findall(r'meson devenv -C build(?! -w)[^\n]*',
                                      path.read_text(encoding='utf-8')):
                self.fail(f'{path}: {command}, expected {DEVENV}')

    def test_links(self):
        """What a page links to, or names as a folder of ours, is there."""
        pages = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]
        anchors = {path.resolve(): {
            re.sub(r'[^\w -]', '', title.lower()).replace(' ', '-')
            for title in re.findall(r'^#+ (.*)', path.read_text('utf-8'),
                                    re.MULTILINE)}
            for path in [*pages, *ROOT.glob('samples/*/*.md')]}
        for path in pages:
            text = path.read_text(encoding='utf-8')
            for link in re.findall(r'\]\(([^)\s]+)\)', text):
                if link.startswith('http'):
                    continue
                name, _, anchor = link.partition('#')
                target = (path.parent / name if name else path).resolve()
                self.assertTrue(target.exists(), f'{path}: {link}')
                if anchor:
                    self.assertIn(anchor, anchors[target], f'{path}: {link}')
            for name in re.findall(
                    r'`((?:common|elements|plugins|tools|pipelines|samples|'
                    r'examples|tests|docs)/[\w./-]*)`', text):
                named = ROOT / name
                folder = named.parent \
                    if named.suffix or named.is_file() else named
                self.assertTrue(folder.is_dir(), f'{path}: {name}')


if __name__ == '__main__':
    harness.main()

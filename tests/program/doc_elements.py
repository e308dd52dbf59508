# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/elements.md has a section for each element, and in its table each
property with the default and the range that gst-inspect-1.0 prints."""

import re
import subprocess
import unittest

import harness

PAGE = harness.PIPELINES.parent / 'docs/elements.md'
# the largest numbers of the types, and what is as good as they
LARGEST = {2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1, 3.402823e+38}
# of GObject and GStreamer's base classes
INHERITED = {
    'async', 'blocksize', 'do-timestamp', 'enable-last-sample', 'last-sample',
    'max-bitrate', 'max-lateness', 'name', 'num-buffers', 'parent',
    'processing-deadline', 'qos', 'render-delay', 'stats', 'sync',
    'throttle-time', 'ts-offset', 'typefind',
}


def inspect(*arguments):
    result = subprocess.run(['gst-inspect-1.0', *arguments], text=True,
                            capture_output=True, timeout=harness.TIMEOUT,
                            env=harness.launch_environment(), check=True)
    return result.stdout


def registered():
    """The elements of the plugins that this build has."""
    return set(re.findall(r'^act\w+:\s+((?:cuda)?act\w+):', inspect(),
                          re.MULTILINE))


def range_text(description):
    """A property's range as the page writes it."""
    values = re.findall(r'^\s+\(-?\d+\): (\S+)', description, re.MULTILINE)
    if values:
        return ', '.join(f'`{value}`' for value in values)
    found = re.search(r'Range:\s+(\S+) - +(\S+)', description)
    if found is None:
        return ''
    least, most = (float(number) if '.' in number else int(number)
                   for number in found.groups())
    if least == -2**31 and most in LARGEST:
        return 'any'
    if most in LARGEST:
        return f'from {least:.10g}'
    return f'{least:.0f} to {most:.0f}'


def default_text(description):
    """A property's default as the page writes it."""
    if 'writable' not in description:
        return 'read only'
    if 'GstValueArray' in description:
        return 'not set'
    # an enum's is "0, "auto""; a blurb may say the word too
    value = re.findall(r'Default:\s+(?:-?\d+, )?(\S+)', description)[-1]
    if value == 'null':
        return 'not set'
    number = re.fullmatch(r'-?\d+(\.\d+)?', value)
    return value if number else '`' + value.strip('"') + '`'


def properties(element):
    """{name: (default, range)} of what the element itself has"""
    text = inspect(element).partition('Element Properties:')[2]
    text = re.split(r'^\S', text.lstrip('\n'), flags=re.MULTILINE)[0]
    found = re.findall(r'^  ([a-z0-9-]+) *: (.*?)(?=^  [a-z0-9]|\Z)', text,
                       re.MULTILINE | re.DOTALL)
    return {name: (default_text(rest), range_text(rest))
            for name, rest in found if name not in INHERITED}


def sections():
    """{element: its section}; a heading may name several"""
    found = {}
    for part in re.split(r'^## ', PAGE.read_text(encoding='utf-8'),
                         flags=re.MULTILINE)[1:]:
        heading, text = part.split('\n', 1)
        for name in heading.split(', '):
            found[name] = text
    return found


class Elements(unittest.TestCase):
    def test_sections(self):
        elements = registered()
        self.assertIn('actforward', elements)
        self.assertEqual(set(sections()), elements)

    def test_properties(self):
        for name, text in sections().items():
            rows = {row[0]: row[1:3] for row in re.findall(
                r'^\| `([a-z0-9-]+)` \| ([^|]*?) ?\| ?([^|]*?) ?\| [^|]*\|$',
                text, re.MULTILINE)}
            with self.subTest(element=name):
                expected = properties(name)
                self.assertNotEqual(expected, {})
                self.assertEqual(rows, expected)


if __name__ == '__main__':
    harness.main()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dependencies point one way (docs/architecture.md): which folders the files of
a folder include from."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# folder: those below it, and the folders that its files must not know of; the
# cores are all of common/ but common/gst
LAYERS = {
    'common': ('elements', 'gpu', 'plugins', 'tools'),
    'common/gst/activations': ('gst/shared',),
    'gpu': ('elements', 'plugins', 'tools'),
    'elements': ('gpu', 'plugins', 'tools'),
    'tools': ('elements', 'gpu', 'plugins'),
}
CORES = sorted(path.name for path in (ROOT / 'common').iterdir()
               if path.is_dir() and path.name != 'gst')
LAYERS |= {f'common/{core}': ('gst',) for core in CORES}
SOURCES = ('.c', '.h', '.cu', '.cuh')


def sources(folder):
    return [path for path in sorted((ROOT / folder).rglob('*'))
            if path.suffix in SOURCES]


def includes(path):
    """As folders of the tree, whether named from its top, from common/ or from
    the file's own folder"""
    for name in re.findall(r'^#\s*include\s*[<"]([^>"]+/[^>"]+)[>"]',
                           path.read_text(encoding='utf-8'), re.MULTILINE):
        if name.startswith('../'):
            name = str((path.parent / name).resolve().relative_to(ROOT))
        yield name.removeprefix('common/')


class Layers(unittest.TestCase):
    def test_includes(self):
        for folder, forbidden in LAYERS.items():
            files = sources(folder)
            self.assertTrue(files, folder)
            for path in files:
                for name in includes(path):
                    for other in forbidden:
                        self.assertFalse(
                            name.startswith(other + '/'),
                            f'{path.relative_to(ROOT)} includes {name}')

    def test_kernels(self):
        """kernels and their headers know nothing of GStreamer"""
        for path in sources('gpu'):
            if path.parent.name != 'gst':
                for name in includes(path):
                    self.assertNotRegex(name, '^(gpu/)?gst/', path)

    def test_build(self):
        """nor does a folder build the files of one that it may not know of"""
        for folder, forbidden in LAYERS.items():
            build = ROOT / folder / 'meson.build'
            if build.exists():
                for other in forbidden:
                    self.assertNotRegex(build.read_text(encoding='utf-8'),
                                        rf"'(\.\./)+{other}/", build)
        build = ROOT / 'gpu/gst/meson.build'
        self.assertNotIn('elements/', build.read_text(encoding='utf-8'))


if __name__ == '__main__':
    unittest.main(verbosity=2)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs that would make large files of data: none is above 2 MB, what is left
out is said, and every page works."""
import re
import unittest
from urllib.parse import quote

import browser
from browser import cluster_route
from large import large_run

MAX_SIZE = 2_000_000


class Sized(browser.Case):
    """subclasses say which run"""
    store, settings = (), ()
    n_clusters = 0
    line = None  # the one of most rows

    @classmethod
    def make(cls, output):
        large_run(output, cls.n_clusters, cls.store, cls.settings)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.line is None:
            cls.line = max(range(len(cls.lines)), key=lambda line: cls.lines[line]['stats']['n_samples'])

    def test_no_file_is_large(self):
        sizes = {path.name: path.stat().st_size for path in (self.output / 'data').iterdir()}
        largest = max(sizes, key=sizes.get)
        print(f'{len(sizes)} files, the largest {largest} of {sizes[largest]} bytes', flush=True)
        self.assertLessEqual(sizes[largest], MAX_SIZE, largest)

    def peaks(self):
        found = self.page.eval_on_selector_all('.sample .peak-value', 'list => list.map (e => e.value)')
        return [float(value) for value in found]

    def assert_peaks(self, rows):
        """of the first samples of a list; of very long samples these are few"""
        peaks = self.peaks()
        self.assertGreater(len(peaks), 0)
        self.assertEqual(peaks, [float(self.samples['activations'][row].max()) for row in rows[:len(peaks)]])

    def test_pages(self):
        cluster, facts = self.lines[self.line], self.facts[self.line]
        self.open()
        self.shown('overview')
        self.page.wait_for_selector('.map[data-placed]')
        self.open('#/clusters')
        self.assertEqual(int(self.page.get_attribute('.scroller', 'aria-rowcount')), len(self.lines) + 1)
        self.open(cluster_route(cluster['cluster_hash']))
        self.shown('cluster')
        self.assert_peaks(next(iter(facts['samples'].values()))['row'])
        self.page.click('text=At random')
        self.assert_peaks(facts['samples']['random']['row'])
        label = cluster['components'][0]['label']
        self.open('#/component/' + quote(label, safe=''))
        self.shown('component')
        if facts['members']:
            self.assertGreater(len(self.texts('.sample')), 0)
        self.search(facts['tokens']['by_count']['token'][0])

    def search(self, token):
        self.open('#/search?raw=' + quote(token))
        self.shown('search')
        self.assertGreater(len(self.texts('.found [aria-label="Clusters"] tbody tr')), 0)
        self.assertGreater(len(self.texts('.sample')), 0)

    def notice(self):
        self.open(cluster_route(self.lines[self.line]['cluster_hash']))
        self.shown('cluster')
        return self.text('.notice')


class ManySamples(Sized):
    """thousands of samples, tokens, bins"""
    n_clusters = 24
    store = '--samples', '2500', '--n-ctx', '256'
    settings = ('n-samples=2500', 'n-random=2500', 'top-n-tokens=100000', 'min-token-count=1', 'hist-bins=20000',
                'criteria=max_activation-max,mean_activation-max,max_position-min')

    def test_it_says_what_is_cut(self):
        notice = self.notice()
        said = re.search(r'of (\d+) samples of each criterion the first (\d+) are shown', notice)
        self.assertTrue(said, notice)
        self.assertEqual(int(said[1]), len(self.facts[self.line]['samples']['max_activation-max-2500']['row']))
        self.page.click('.samples-card .more')
        # or more, that another list shows
        self.assertGreaterEqual(len(self.texts('.sample')), int(said[2]))
        self.assertLess(len(self.texts('.sample')), int(said[1]))

    def test_histograms_are_of_all(self):
        """joined bins have the same sum"""
        self.notice()
        bars = self.page.get_attribute('svg.histogram', 'aria-label')
        counts = [int(re.sub(r'\s', '', n)) for n in re.findall(r': ([\d\s]+)', bars)]
        self.assertEqual(sum(counts), sum(self.lines[self.line]['stats']['all_activations']['bin_counts']))
        self.assertLessEqual(len(counts), 256)


class LongSamples(Sized):
    """thousands of tokens a sample, of a large vocabulary of long strings"""
    n_clusters = 24
    store = '--samples', '160', '--n-ctx', '4096', '--tokens', '260000', '--token-length', '40'
    settings = 'n-samples=160', 'n-random=50', 'texts=referenced'

    def test_it_says_what_is_cut(self):
        self.assertRegex(self.notice(), r'of 160 samples of each criterion the first \d+ are shown')


class ManyMembers(Sized):
    """a cluster whose components alone would be too much"""
    n_clusters = 24
    store = '--samples', '64', '--silent', '140000'
    settings = 'component-records=false',
    line = 23

    def test_all_members_are_known(self):
        """the index has them in several files"""
        self.open('#/clusters')
        wanted = len(self.lines[23]['components'])
        self.assertGreater(wanted, 140000)
        self.assertEqual(self.page.evaluate('Act.model.columns.members[23].length'), wanted)
        label = self.lines[23]['components'][-1]['label']
        self.page.fill('#filter', label)
        self.page.wait_for_selector(f'[data-q="{label}"]')
        self.assertEqual(self.texts('.rows .row .cell-name'), [self.lines[23]['cluster_hash']])

    def test_it_says_what_is_cut(self):
        self.assertIn('components only the first 64 are listed', self.notice())
        figures = dict(zip((t.rstrip('?') for t in self.texts('.stats dt')), self.texts('.stats dd')))
        self.assertEqual(int(re.sub(r'\s', '', figures['Components'])), len(self.lines[23]['components']))


del Sized  # has no run of its own

if __name__ == '__main__':
    unittest.main(verbosity=2)

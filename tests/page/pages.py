# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every page over the sample run, from a folder, from a server and in one
file: what it shows is what clusters.jsonl, cluster_facts.jsonl and the .npz
files hold, addresses lead back to it, and keys work."""
import re
import unittest
from urllib.parse import quote

import browser
import numpy
from browser import cluster_route

ROUTES = {'overview': '', 'clusters': '#/clusters', 'cluster': cluster_route('run-0-1'),
          'component': '#/component/h.0.mlp.c_fc%3A126', 'search': '#/search?q=license'}


def plain(count):
    return int(re.sub(r'\s', '', count))


class Pages(browser.Case):
    def every_page(self):
        for name, route in ROUTES.items():
            self.open(route)
            self.shown(name)
            self.assertEqual(len(self.texts('h1')), 1)
            self.assertEqual(self.page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0, name)

    def test_from_a_folder(self):
        self.every_page()
        self.page.set_viewport_size({'width': 360, 'height': 740})
        self.every_page()

    def test_from_a_server(self):
        with browser.served(self.output) as self.base:
            self.every_page()
            self.assertTrue(any('/data/clusters-' in url for url in self.asked))
            self.page.close()

    def test_in_one_file(self):
        out = self.output.parent / 'one.html'
        browser.run('export', self.output, '--single-file', out, '--overwrite')
        self.base = out.as_uri()
        self.every_page()
        self.assertEqual({url.partition('#')[0] for url in self.asked if url.startswith('file:')}, {self.base})

    def loaded(self, route):
        """kinds of files of data that the route asked for, each with how many"""
        self.asked.clear()
        self.open(route)
        names = [url.rpartition('/data/')[2].partition('.')[0] for url in self.asked if '/data/' in url]
        self.assertEqual(len(names), len(set(names)))
        kinds = [name.partition('-')[0] for name in names]
        return {kind: kinds.count(kind) for kind in kinds}

    def test_nothing_loads_that_is_not_looked_at(self):
        base = {'run': 1, 'run_info': 1, 'index': 1}
        self.assertEqual(self.loaded(''), {**base, 'heat': 1})
        self.assertEqual(self.loaded('#/clusters'), base)
        self.page.wait_for_selector('.example')
        self.page.fill('#filter', 'size>3 licen')
        self.page.wait_for_selector('[data-q="size>3 licen"]')
        self.assertEqual(len([url for url in self.asked if '/data/' in url]), 3)
        self.page.fill('#filter', 'token:license')
        self.page.wait_for_selector('[data-q="token:license"]')
        self.assertTrue(any('/data/vocabulary-' in url for url in self.asked))
        self.assertEqual(self.loaded(ROUTES['cluster']), {**base, 'clusters': 1})
        self.assertEqual(self.loaded(ROUTES['component']), {**base, 'clusters': 1, 'components': 1, 'companions': 1})
        self.assertEqual(self.loaded('#/search'), base)
        self.assertEqual(set(self.loaded(ROUTES['search'])), {*base, 'vocabulary', 'search', 'texts'})

    def test_overview(self):
        self.open()
        figures = dict(zip(self.texts('.stats dt'), self.texts('.stats dd')))
        self.assertEqual(plain(figures['Clusters']), len(self.lines))
        self.assertEqual(plain(figures['Samples']), 658)
        largest = max(len(line['components']) for line in self.lines)
        self.assertEqual(plain(self.text('.card:has(h2:text("Clusters by size")) .list .value')), largest)
        self.page.wait_for_selector('.map[data-placed]')
        self.page.focus('.matrix')
        self.page.keyboard.press('ArrowRight')
        together = re.search(r'together at (.+?) positions, Jaccard index ([\d.]+)', self.text('#tip'))
        with numpy.load(self.output / 'coactivations.npz') as z:
            names = [f'run-0-{i}' for i in z['cluster_indices']]
            counts = z['coactivations']
        a, b = [names.index(name) for name in self.texts('#tip strong')]
        self.assertEqual(plain(together[1]), counts[a, b])
        jaccard = counts[a, b] / (counts[a, a] + counts[b, b] - counts[a, b])
        self.assertAlmostEqual(float(together[2]), jaccard, delta=5e-4)

    def test_same_map_each_time(self):
        places = []
        for _ in range(2):
            self.open()
            self.page.wait_for_selector('.map[data-placed]')
            places.append(self.page.evaluate('document.querySelector (".map").toDataURL ()'))
        self.assertEqual(*places)

    def peaks(self):
        """as they are, not as they are written"""
        found = self.page.eval_on_selector_all('.sample .peak-value', 'list => list.map (e => e.value)')
        return [float(value) for value in found]

    def assert_samples(self, line, rows):
        """tokens, values and places of the samples shown are those of samples.npz"""
        texts = browser.lines_of(self.output, 'text_samples.jsonl')
        heads = self.texts('.sample-head')
        for number, row in enumerate(rows[:len(heads)]):
            values = self.samples['activations'][row]
            best = int(values.argmax())
            said = re.search(r'peak ([\d.]+)position (\d+), sample (\S+)', heads[number])
            self.assertAlmostEqual(float(said[1]), values[best], delta=0.0005)
            self.assertEqual(int(said[2]), best)
            self.assertEqual(self.peaks()[number], values[best])
            self.assertEqual(plain(said[3]), self.samples['sample'][row])
            shades = self.page.eval_on_selector_all(
                f'.sample:nth-child({number + 1}) .tok',
                'list => list.map (e => [Number (e.dataset.p), Number (e.style.getPropertyValue ("--v"))])')
            self.assertEqual([p for p, _ in shades], list(range(len(values))))
            scale = abs(self.samples['activations'][self.samples['cluster'] == line]).max()
            numpy.testing.assert_allclose([v * scale for _, v in shades], values, atol=scale / 500)
            tokens = texts[self.samples['text'][row]]['tokens']
            for token, word in zip(tokens, self.texts(f'.sample:nth-child({number + 1}) .tok')):
                if re.fullmatch('\u0120?[A-Za-z]+', token):
                    self.assertEqual(word, token.replace('\u0120', ' '))

    def test_cluster(self):
        line = 1
        facts, stats = self.facts[line], self.lines[line]['stats']
        self.open(cluster_route('run-0-1') + '?window=all')
        figures = dict(zip((t.rstrip('?') for t in self.texts('.stats dt')), self.texts('.stats dd')))
        self.assertEqual(plain(figures['Components']), len(self.lines[line]['components']))
        self.assertAlmostEqual(float(figures['Mean']), stats['mean_activation'], delta=5e-5)
        self.assertAlmostEqual(float(figures['Entropy']), stats['token_activations']['entropy'], delta=5e-3)
        rate = float(figures['Frequency'].rstrip('% \u202f'))
        self.assertAlmostEqual(rate, facts['activation']['position_rate'] * 100, delta=0.05)
        self.assert_samples(line, facts['samples']['max_activation-max-20']['row'])
        self.page.click('text=At random')
        self.assertIn('list=random', self.page.url)
        self.assert_samples(line, facts['samples']['random']['row'])
        self.page.click('.samples-card .more')
        self.assertEqual(len(self.texts('.sample')), len(facts['samples']['random']['row']))

    def test_tables_of_a_cluster(self):
        facts, stats = self.facts[1], self.lines[1]['stats']
        self.open(cluster_route('run-0-1'))
        ranking = facts['tokens']['by_lift']
        counts = self.texts('[aria-label="Tokens"] tbody td:nth-child(3)')
        self.assertEqual(list(map(plain, counts)), ranking['count'][:len(counts)])
        self.page.click('text=Next token')
        ranking = facts['next_tokens']['by_lift']
        counts = self.texts('[aria-label="Tokens"] tbody td:nth-child(3)')
        self.assertEqual(list(map(plain, counts)), ranking['count'][:len(counts)])
        self.assertEqual(self.texts('[aria-label="Components"] tbody td:first-child'),
                         [member['label'] for member in facts['members']])
        near = self.texts('[aria-label^="Clusters that"] tbody td:first-child')
        self.assertEqual(near, facts['coactivating']['by_jaccard']['cluster_hash'][:len(near)])
        self.assertGreater(len(near), 5)
        bars = self.page.get_attribute('svg.histogram', 'aria-label')
        self.assertEqual([plain(n) for n in re.findall(r': ([\d\s]+)', bars)], stats['all_activations']['bin_counts'])

    def test_token_says_what_fires(self):
        self.open(cluster_route('run-0-1'))
        self.page.focus('.tok.peak')
        said = self.text('#tip')
        self.assertTrue(any(c['label'] in said for c in self.lines[1]['components']), said)
        before = self.text('#tip .tip-head > span:last-child')
        self.page.keyboard.press('ArrowRight')
        after = self.text('#tip .tip-head > span:last-child')
        self.assertEqual(int(after.split()[1]), int(before.split()[1]) + 1)

    def test_by_component(self):
        self.open(cluster_route('run-0-1'))
        self.page.click('.picker summary')
        for m in (0, 2):
            self.page.click(f'[data-pick="{m}"]')
        self.assertIn('pick=0%2C2', self.page.url)
        n_tokens = len(self.texts('.sample:first-child .tok'))
        self.assertGreater(n_tokens, 12)
        self.assertEqual(len(self.texts('.sample:first-child .bands i')), 2 * n_tokens)
        self.page.click('text=Whole samples')
        row, z = self.facts[1]['samples']['max_activation-max-20']['row'][0], numpy.load(
            self.output / 'component_activations.npz')
        first, end = self.samples['indptr'][1:3]
        n_ctx = self.samples['activations'].shape[1]
        for band, m in enumerate((0, 2)):
            at = z['line_indptr'][1] + m * (end - first) + row - first
            dense = numpy.zeros(n_ctx)
            span = slice(*z['indptr'][at:at + 2])
            dense[z['positions'][span]] = z['values'][span]
            seen = self.page.eval_on_selector_all(
                f'.sample:first-child .tok .bands i:nth-child({band + 1})',
                'list => list.map (e => Number (e.style.getPropertyValue ("--v")))')
            numpy.testing.assert_allclose(seen, dense, atol=1 / 500)

    def open_component(self, wanted):
        """the second or only member of the first line of a wanted size; what the data say of it"""
        line = next(i for i, fact in enumerate(self.facts) if wanted(len(fact['members'])))
        place = min(1, len(self.facts[line]['members']) - 1)
        member = self.facts[line]['members'][place]
        self.open('#/component/' + quote(member['label'], safe='.'))
        own = self.page.evaluate('([line, place]) => Act.model.component (line, place)', [line, place])
        return line, member, own

    def test_component(self):
        line, member, own = self.open_component(lambda n: n > 2)
        self.assertEqual(self.text('.where .name'), self.lines[line]['cluster_hash'])
        figures = dict(zip((t.rstrip('?') for t in self.texts('.stats dt')), self.texts('.stats dd')))
        self.assertAlmostEqual(float(figures['Mean']), member['mean'], delta=5e-4)
        self.assertAlmostEqual(float(figures['Entropy']), own['entropy'], delta=5e-3)
        self.assertEqual(own['n_active_positions'], member['n_active_positions'])
        shown = own['shown']
        self.assertEqual(max(shown['peak']), member['max'])
        for button, name in (None, 'max_activation-max-20'), ('At random', 'random'):
            if button:
                self.page.click('text=' + button)
            places = own['samples'][name][:12]
            self.assertEqual(self.peaks(), [shown['peak'][k] for k in places])
            said = [re.search(r'position (\d+), sample (\S+)', head).groups() for head in self.texts('.sample-head')]
            self.assertEqual([(int(p), plain(s)) for p, s in said],
                             [(shown['peak_position'][k], shown['sample'][k]) for k in places])
        self.assertIn('list=random', self.page.url)

    def test_tables_of_a_component(self):
        line, _, own = self.open_component(lambda n: n > 2)
        for button, ranking in (None, own['tokens']['by_lift']), ('Most frequent', own['tokens']['by_count']), (
                'Next token', own['next_tokens']['by_lift']):
            if button:
                self.page.click(f'button:text("{button}")')
            counts = self.texts('[aria-label="Tokens"] tbody td:nth-child(3)')
            self.assertEqual(list(map(plain, counts)), ranking['count'][:len(counts)])
        bars = self.page.get_attribute('svg.histogram', 'aria-label')
        self.assertEqual([plain(n) for n in re.findall(r': ([\d\s]+)', bars)], own['all_activations']['bin_counts'])
        together = self.page.evaluate('([line, place]) => Act.model.companions (line, place)', [line, own['member']])
        near = self.texts('[aria-label^="Clusters that"] tbody td:first-child')
        self.assertEqual(near, together['by_jaccard']['cluster_hash'][:len(near)])
        self.assertGreater(len(near), 5)
        self.assertNotIn(self.lines[line]['cluster_hash'], near)

    def test_a_component_that_is_all_of_its_cluster(self):
        line, _, own = self.open_component(lambda n: n == 1)
        self.assertEqual(own['same'], True)
        self.assertIn('Its cluster is nothing else', self.text('main'))
        rows = self.facts[line]['samples']['max_activation-max-20']['row'][:12]
        self.assertEqual(self.peaks(), [float(self.samples['activations'][row].max()) for row in rows])

    def test_search(self):
        self.open('#/search')
        self.page.fill('#search', 'license')
        self.page.wait_for_selector('.found [aria-label="Clusters"]')
        lists = [f['tokens'] for f in self.facts]
        listed = sum(any('\u0120license' in t[by]['token'] for by in ('by_lift', 'by_count')) for t in lists)
        heads = [h.replace('␣', ' ') for h in self.texts('.card h3')]
        self.assertIn(f' license {listed} clusters', heads)
        for word in self.texts('.tok.marked'):
            self.assertEqual(word.strip().lower(), 'license')
        self.assertGreater(len(self.texts('.sample')), 10)
        self.page.fill('#search', 'warrantzzz')
        self.page.wait_for_selector('.notice')

    def test_search_for_what_is_no_token(self):
        self.open('#/search?q=derivative%20works')
        self.assertGreater(len(self.texts('.sample')), 3)
        marked = ''.join(self.texts('.sample:first-child .tok.marked')).lower()
        self.assertIn('derivative works', marked)

    def test_back_and_forward(self):
        self.open('#/clusters?q=size%3E4')
        self.page.click('.rows .row .name')
        self.shown('cluster')
        first = self.page.url
        self.page.click('text=Next →')
        self.page.wait_for_url(lambda url: url != first)
        self.page.go_back()
        self.page.wait_for_url(first)
        self.page.go_back()
        self.shown('clusters')
        self.assertEqual(self.page.input_value('#filter'), 'size>4')
        self.page.go_forward()
        self.shown('cluster')
        self.assertEqual(self.page.url, first)

    def chosen(self):
        self.page.wait_for_selector('.rows .chosen')
        return self.text('.rows .chosen .cell-name')

    def test_the_way_back_leads_to_the_row(self):
        self.open('#/clusters?sort=-size')
        self.page.evaluate('document.querySelector(".scroller").scrollTop = 6000')
        self.page.wait_for_selector('#row-140')
        wanted = self.text('#row-140 .cell-name')
        self.page.click('#row-140 .cell-entropy')
        self.shown('cluster')
        self.page.go_back()
        self.shown('clusters')
        self.assertEqual(self.chosen(), wanted)
        self.page.keyboard.press('j')
        following = self.chosen()
        self.assertNotEqual(following, wanted)
        self.page.keyboard.press('Enter')
        self.shown('cluster')
        self.assertIn(following, self.text('h1'))
        self.page.click('text=Table')
        self.shown('clusters')
        self.assertEqual(self.chosen(), following)

    def test_a_new_page_has_the_focus(self):
        self.open()
        self.page.keyboard.press('t')
        self.shown('clusters')
        self.assertEqual(self.page.evaluate('document.activeElement.id'), 'main')
        self.assertEqual(self.page.get_attribute('main', 'aria-label'), 'Clusters')

    def test_a_filter_that_leaves_nothing(self):
        for q, said in (('size>', 'after > comes a number'), ('foo>1', 'no number “foo”'), ('foo:bar', 'no “foo:”'),
                        ('token:', 'something is missing'), ('zzzz', 'No cluster is like that')):
            self.open('#/clusters?q=' + quote(q))
            self.assertIn(said, self.text('.nothing'))
        self.page.click('text=Clear the filter')
        self.page.wait_for_selector('.rows .row')
        self.assertEqual(self.page.input_value('#filter'), '')

    def test_what_the_page_suggests(self):
        self.open('#/clusters')
        self.page.wait_for_selector('.example')
        for text in self.texts('.example'):
            self.page.click(f'.example:text-is("{text}")')
            self.page.wait_for_selector('[data-q="' + text.replace('"', '\\"') + '"]')
            self.assertGreater(len(self.texts('.rows .row')), 0, text)

    def test_a_token_leads_to_the_search(self):
        self.open(cluster_route('run-0-1'))
        word = self.text('.sample .tok.peak')
        self.page.click('.sample .tok.peak')
        self.shown('search')
        self.assertEqual(self.page.input_value('#search').strip(), word.strip())

    def test_what_is_not_there(self):
        for route in ('#/cluster/none', '#/nothing', '#/component/h.9%3A1', '#/cluster/%E0%A4%A'):
            self.open(route)
            self.shown('missing')
            self.assertIn('Nothing to show', self.text('[role=alert]'))

    def test_keys(self):
        self.open()
        self.page.keyboard.press('t')
        self.shown('clusters')
        self.page.keyboard.press('/')
        self.page.keyboard.type('size>3')
        self.page.wait_for_selector('[data-q="size>3"]')
        self.page.keyboard.press('Enter')
        names = self.texts('.rows .row .cell-name')
        for key in 'jjk':
            self.page.keyboard.press(key)
        self.page.keyboard.press('Enter')
        self.shown('cluster')
        wanted = sorted((line for line in self.lines if len(line['components']) > 3),
                        key=lambda line: int(line['cluster_hash'].split('-')[2]))
        self.assertEqual(names[:2], [line['cluster_hash'] for line in wanted[:2]])
        self.assertIn(wanted[1]['cluster_hash'], self.text('h1'))
        self.page.keyboard.press(']')
        self.page.wait_for_selector(f'h1:has-text("{wanted[2]["cluster_hash"]}")')
        self.page.keyboard.press('[')
        self.page.wait_for_selector(f'h1:has-text("{wanted[1]["cluster_hash"]}")')
        self.page.keyboard.press('?')
        self.assertTrue(self.page.is_visible('dialog'))
        self.page.keyboard.press('Escape')
        self.assertFalse(self.page.is_visible('dialog'))

    def test_theme(self):
        self.open()
        seen = []
        for _ in range(3):
            self.page.click('#theme-button')
            seen.append((self.text('#theme-button'), self.page.get_attribute('html', 'data-theme')))
        self.assertEqual(seen, [('Light', 'light'), ('Dark', 'dark'), ('Auto', 'light')])


if __name__ == '__main__':
    unittest.main(verbosity=2)

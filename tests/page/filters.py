# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of clusters: each filter and order gives the rows that
clusters.jsonl and cluster_facts.jsonl say, and so does the CSV."""
import csv
import json
import unittest
from fnmatch import fnmatchcase
from urllib.parse import quote

import browser


def decoded(token):
    """of the sample's vocabulary, whose tokens are ASCII and blanks"""
    return token.replace('\u0120', ' ').replace('\u010a', '\n').replace('\u0109', '\t')


class Filters(browser.Case):
    def rows(self, q, sort=''):
        """names of all rows, by way of the CSV"""
        self.open(f'#/clusters?q={quote(q)}&sort={sort}')
        with self.page.expect_download() as download:
            self.page.click('text=Save as CSV')
        with open(download.value.path(), newline='', encoding='utf-8') as file:
            self.table = list(csv.DictReader(file))
        shown = self.texts('.rows .row .cell-name')
        names = [row['cluster'] for row in self.table]
        self.assertEqual(shown, names[:len(shown)])
        self.assertGreaterEqual(len(shown), min(len(names), 10))
        return names

    def expect(self, q, holds, some=True):
        wanted = [line['cluster_hash'] for line, facts in zip(self.lines, self.facts) if holds(line, facts)]
        self.assertEqual(self.rows(q), wanted, q)
        self.assertEqual(0 < len(wanted) < len(self.lines), some, q)

    def test_numbers(self):
        self.expect('size>3 freq<0.01', lambda line, facts: len(line['components']) > 3
                    and facts['activation']['position_rate'] < 0.01)
        self.expect('size > 3 freq< 0.01', lambda line, facts: len(line['components']) > 3
                    and facts['activation']['position_rate'] < 0.01)
        self.expect('freq>=1% samples<50%', lambda line, facts: facts['activation']['position_rate'] >= 0.01
                    and facts['activation']['sample_rate'] < 0.5)
        self.expect('size=2..3', lambda line, facts: 2 <= len(line['components']) <= 3)
        self.expect('size!=1 entropy<2', lambda line, facts: len(line['components']) != 1
                    and line['stats']['token_activations']['entropy'] < 2)
        self.expect('conc>0.7 max=1', lambda line, facts: line['stats']['max_activation'] == 1
                    and line['stats']['token_activations']['concentration_ratio'] > 0.7)
        self.expect('-size>1', lambda line, facts: len(line['components']) <= 1)

    def test_where(self):
        def modules(line):
            return {c['module'] for c in line['components']}

        self.expect('module:h.1.mlp.c_fc', lambda line, _: 'h.1.mlp.c_fc' in modules(line))
        self.expect('module:*.attn.*', lambda line, _: any(fnmatchcase(m, '*.attn.*') for m in modules(line)))
        self.expect('layer:1 -layer:0', lambda line, _: all(m.startswith('h.1.') for m in modules(line)))

    def test_components(self):
        label = self.lines[3]['components'][0]['label']
        self.expect(label, lambda line, _: any(c['label'] == label for c in line['components']))
        self.expect('h.1.mlp.c_fc:*', lambda line, _: any(c['module'] == 'h.1.mlp.c_fc' for c in line['components']))
        self.expect('component:h.*.mlp.*:1*', lambda line, _: any(
            fnmatchcase(c['label'], 'h.*.mlp.*:1*') for c in line['components']))

    def test_tokens(self):
        def listed(facts):
            return [decoded(t) for by in ('by_lift', 'by_count') for t in facts['tokens'][by]['token']]

        self.expect('token:license', lambda _, facts: any(t.strip().lower() == 'license' for t in listed(facts)))
        self.expect('token:lic*', lambda _, facts: any(t.strip().lower().startswith('lic') for t in listed(facts)))
        self.expect('token:" the"', lambda _, facts: any(t.lower() == ' the' for t in listed(facts)))

    def test_words(self):
        self.expect('run-0-58', lambda line, _: 'run-0-58' in line['cluster_hash'])
        self.expect('no such words', lambda *_: False, some=False)
        self.expect('', lambda *_: True, some=False)

    def test_orders(self):
        for key, value in (('size', lambda i: len(self.lines[i]['components'])),
                           ('position_rate', lambda i: self.facts[i]['activation']['position_rate']),
                           ('entropy', lambda i: self.lines[i]['stats']['token_activations']['entropy'])):
            for sign in (1, -1):
                order = sorted(range(len(self.lines)), key=lambda i: (sign * value(i), i))
                self.assertEqual(self.rows('', '-' * (sign < 0) + key), [self.lines[i]['cluster_hash'] for i in order])

    def test_order_by_a_click(self):
        self.open('#/clusters')
        for wanted in ('sort=-size', 'sort=size'):
            self.page.click('[data-sort=size]')
            self.assertTrue(self.page.url.endswith(wanted), self.page.url)

    def test_csv_holds_the_numbers(self):
        self.rows('')
        for row, line, facts in zip(self.table, self.lines, self.facts, strict=True):
            self.assertEqual(float(row['position_rate']), facts['activation']['position_rate'])
            self.assertEqual(float(row['mean']), facts['activation']['mean'])
            self.assertEqual(float(row['max']), line['stats']['max_activation'])
            self.assertEqual(json.loads(row['components']), [c['label'] for c in line['components']])
            self.assertEqual(json.loads(row['top_tokens']), facts['tokens']['by_lift']['token'][:5])


if __name__ == '__main__':
    unittest.main(verbosity=2)

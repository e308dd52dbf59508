# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-activations show: its numbers against the dashboard's files, what a
terminal gets and what a pipe, hostile text, and what it refuses."""

import importlib.util
import json
import os
import pty
import re
import shutil
import subprocess
import tempfile
import pathlib
import unittest

import harness

GOLDEN = harness.DATA / 'golden'
PYTHON = GOLDEN / 'basic' / 'expected'  # by the Python pipeline: no facts
HAS_NUMPY = importlib.util.find_spec('numpy') is not None


def lines(path):
    return [json.loads(line) for line in path.read_text('utf-8').splitlines()]


def setUpModule():
    global FOLDER, SAMPLE, FACTS
    FOLDER = tempfile.TemporaryDirectory(prefix='act-show-')
    SAMPLE = pathlib.Path(FOLDER.name) / 'sample'
    result = harness.run('dashboard', '--quiet', '--model', harness.SAMPLE,
                         '--text', harness.LICENCES / 'GPL-2', '--output',
                         SAMPLE)
    assert result.returncode == 0, result.stderr
    FACTS = lines(SAMPLE / 'cluster_facts.jsonl')


def tearDownModule():
    FOLDER.cleanup()


class Show(harness.Case):
    def show(self, *arguments, code=0, **options):
        return self.check(code, 'show', *arguments, **options)

    def as_json(self, *arguments):
        return json.loads(self.show(*arguments, '--json').stdout)

    def refused(self, *arguments, code=1):
        result = self.show(*arguments, code=code)
        self.assertEqual(result.stdout, '')
        if code == 1:
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        return result.stderr


class Numbers(Show):
    def test_table(self):
        for folder in (SAMPLE, PYTHON):
            clusters = lines(folder / 'clusters.jsonl')
            shown = self.as_json(folder, '--sort', 'line')
            self.assertEqual(shown['n_clusters'], len(clusters))
            self.assertEqual(len(shown['clusters']), len(clusters))
            for i, (row, cluster) in enumerate(
                    zip(shown['clusters'], clusters)):
                stats = cluster['stats']
                tokens = stats['token_activations']
                self.assertEqual(row['line'], i)
                self.assertEqual(row['cluster_hash'], cluster['cluster_hash'])
                self.assertEqual(row['components'], [
                    c['label'] for c in cluster['components']])
                self.assertEqual(
                    sum(m['n_components'] for m in row['modules']),
                    len(cluster['components']))
                for key in ('max', 'mean', 'min', 'median'):
                    key += '_activation'
                    self.assertEqual(row[key], stats[key])
                self.assertEqual(row['histogram'], stats['all_activations'])
                self.assertEqual(row['n_active_positions'],
                                 tokens['total_activations'])
                self.assertEqual(
                    [(t['token'], t['count']) for t in row['top_tokens']],
                    [(t['token'], t['count']) for t in tokens['top_tokens']])

    def test_rate_is_that_of_the_facts(self):
        shown = self.as_json(SAMPLE, '--sort', 'line')['clusters']
        self.assertEqual([row['position_rate'] for row in shown],
                         [f['activation']['position_rate'] for f in FACTS])
        self.assertIsNone(
            self.as_json(PYTHON)['clusters'][0]['position_rate'])

    def test_order_and_limit(self):
        def keys(sort):
            return {'frequency': lambda c: -c['n_active_positions'],
                    'max': lambda c: -c['max_activation'],
                    'mean': lambda c: -c['mean_activation'],
                    'size': lambda c: -len(c['components']),
                    'modules': lambda c: -len(c['modules']),
                    'name': lambda c: c['cluster_hash']}[sort]
        clusters = self.as_json(SAMPLE, '--sort', 'line')['clusters']
        for sort in ('frequency', 'max', 'mean', 'size', 'modules', 'name'):
            expected = sorted(clusters, key=keys(sort))
            shown = self.as_json(SAMPLE, '--sort', sort, '--limit', '7')
            self.assertEqual(shown['clusters'], expected[:7], sort)
            whole = self.as_json(SAMPLE, '--sort', sort)
            self.assertEqual(whole['clusters'], expected, sort)
        text = self.show(SAMPLE, '--limit', '3').stdout.splitlines()
        expected = sorted(clusters, key=keys('frequency'))[:3]
        self.assertEqual([line.split()[0] for line in text[1:4]],
                         [c['cluster_hash'] for c in expected])
        self.assertIn(f'3 of {len(clusters)} clusters', text[4])

    @unittest.skipUnless(HAS_NUMPY, 'no NumPy')
    def test_cluster_with_facts(self):
        import numpy
        samples = numpy.load(SAMPLE / 'samples.npz')
        texts = lines(SAMPLE / 'text_samples.jsonl')
        for line in (0, len(FACTS) // 2, len(FACTS) - 1):
            facts = FACTS[line]
            for key, given in facts['samples'].items():
                shown = self.as_json(SAMPLE, '--cluster',
                                     facts['cluster_hash'], '--criterion',
                                     key)
                self.assertEqual(shown['line'], line)
                self.assertEqual(shown['criterion'], key)
                self.assertEqual(
                    [e['sample'] for e in shown['examples']], given['sample'])
                for example, row in zip(shown['examples'], given['row']):
                    values = samples['activations'][row]
                    text = texts[samples['text'][row]]
                    self.assertEqual(example['activations'],
                                     [float(v) for v in values])
                    self.assertEqual(example['peak'], int(values.argmax()))
                    self.assertEqual(example['tokens'], text['tokens'])
                    self.assertEqual(example['text_hash'], text['text_hash'])
            self.assertEqual(shown['mean'], facts['activation']['mean'])
            lift = facts['tokens']['by_lift']
            self.assertEqual([t['token'] for t in shown['tokens_by_lift']],
                             lift['token'])
            self.assertEqual([t['lift'] for t in shown['tokens_by_lift']],
                             lift['lift'])
            self.assertEqual([m['mass_share'] for m in shown['members']],
                             [m['mass_share'] for m in facts['members']])
            self.assertEqual(
                [c['jaccard'] for c in shown['coactivating']],
                facts['coactivating']['by_count']['jaccard'])

    @unittest.skipUnless(HAS_NUMPY, 'no NumPy')
    def test_cluster_without_facts(self):
        for case in ('basic', 'duplicate_texts', 'leaky_negative'):
            with self.subTest(case=case):
                self.check_python_dashboard(GOLDEN / case / 'expected')

    def check_python_dashboard(self, folder):
        import numpy
        values = numpy.load(folder / 'activations.npz')['activations']
        rows = json.loads((folder / 'activations_map.json').read_text())
        texts = {t['text_hash']: t
                 for t in lines(folder / 'text_samples.jsonl')}
        for cluster in lines(folder / 'clusters.jsonl'):
            name = cluster['cluster_hash']
            shown = self.as_json(folder, '--cluster', name)
            hashes = cluster['criterion_samples'][shown['criterion']]
            self.assertEqual([e['text_hash'] for e in shown['examples']],
                             hashes)
            for example in shown['examples']:
                text = example['text_hash']
                self.assertEqual(
                    example['activations'],
                    [float(v) for v in values[rows[f'{name}|{text}']]])
                self.assertEqual(example['tokens'], texts[text]['tokens'])
                self.assertIsNone(example['sample'])

    @unittest.skipUnless(HAS_NUMPY, 'no NumPy')
    def test_component(self):
        import numpy
        samples = numpy.load(SAMPLE / 'samples.npz')
        parts = numpy.load(SAMPLE / 'component_activations.npz')
        n_ctx = samples['activations'].shape[1]
        several = [i for i, f in enumerate(FACTS) if len(f['members']) > 1]
        for line in several[:4]:
            first, end = samples['indptr'][line:line + 2]
            for m, member in enumerate(FACTS[line]['members']):
                rows = []
                for k in range(end - first):
                    row = parts['line_indptr'][line] + m * (end - first) + k
                    a, b = parts['indptr'][row:row + 2]
                    dense = numpy.zeros(n_ctx, 'f4')
                    dense[parts['positions'][a:b]] = parts['values'][a:b]
                    rows.append((-float(dense.max()), k, dense))
                rows.sort(key=lambda row: row[:2])
                shown = self.as_json(SAMPLE, '--component', member['label'])
                for key in ('max', 'mean', 'mass', 'position_rate'):
                    self.assertEqual(shown[key], member[key])
                self.assertEqual(
                    [e['activations'] for e in shown['examples']],
                    [[float(v) for v in row[2]] for row in rows])
                self.assertEqual(
                    [e['sample'] for e in shown['examples']],
                    [int(samples['sample'][first + row[1]]) for row in rows])

    def test_token(self):
        expected = {}
        for line, facts in enumerate(FACTS):
            for ranking in ('by_count', 'by_lift'):
                table = facts['tokens'][ranking]
                for i, token in enumerate(table['token']):
                    if token.lower().lstrip('\u0121') == 'of':
                        expected[line, token] = {
                            key: table[key][i] for key in (
                                'count', 'run_count', 'p_token_given_active',
                                'p_active_given_token', 'lift')}
        self.assertNotEqual(expected, {})
        found = self.as_json(SAMPLE, '--token', 'oF')
        rows = found['clusters']
        self.assertEqual(found['n_clusters'], len({line for line, _ in expected}))
        self.assertEqual(found['n_found'], len(expected))
        self.assertEqual({(row['line'], row['token']): {
            key: row[key] for key in next(iter(expected.values()))}
            for row in rows}, expected)
        lifts = [row['lift'] for row in rows]
        self.assertEqual(lifts, sorted(lifts, reverse=True))
        for text in (' of', '\u0120of'):
            rows = self.as_json(SAMPLE, '--token', text)['clusters']
            self.assertEqual({row['token'].lower() for row in rows},
                             {'\u0121of'})
            self.assertEqual({row['text'].lower() for row in rows}, {' of'})
        self.assertRegex(self.check(0, 'show', SAMPLE, '--token', 'no-such').stdout,
                         "^No cluster has a token with 'no-such' .*\n$")

    def test_token_without_facts(self):
        expected = {
            c['cluster_hash']: t['count']
            for c in lines(PYTHON / 'clusters.jsonl')
            for t in c['stats']['token_activations']['top_tokens']
            if t['token'] == '##tyad'}
        rows = self.as_json(PYTHON, '--token', '##tyad')['clusters']
        self.assertEqual({r['cluster_hash']: r['count'] for r in rows},
                         expected)
        self.assertEqual({r['lift'] for r in rows}, {None})


class Looks(Show):
    def on_terminal(self, *arguments, **variables):
        leader, follower = pty.openpty()
        environment = dict(os.environ, TERM='xterm')
        environment.pop('NO_COLOR', None)
        environment.update(variables)
        process = subprocess.Popen([harness.PROGRAM, 'show', *arguments],
                                   stdout=follower, stderr=follower,
                                   env=environment)
        os.close(follower)
        shown = b''
        try:
            while piece := os.read(leader, 65536):
                shown += piece
        except OSError:
            pass  # the other end is closed
        os.close(leader)
        self.assertEqual(process.wait(timeout=harness.TIMEOUT), 0)
        return shown.decode()

    def test_colours(self):
        view = (SAMPLE, '--cluster', '19')
        plain = self.show(*view).stdout
        self.assertNotIn('\033', plain)
        self.assertIn('\u27e6', plain)
        forced = self.show(*view, '--color', 'always').stdout
        self.assertIn('\033[1;4;38;5;16;48;5;202m', forced)
        self.assertNotIn('\u27e6', forced)
        self.assertIn('\033', self.on_terminal(*view))
        self.assertNotIn('\033', self.on_terminal(*view, NO_COLOR='1'))
        self.assertNotIn('\033', self.on_terminal(*view, TERM='dumb'))
        self.assertNotIn('\033', self.on_terminal(*view, '--color', 'never'))

    def test_width(self):
        for width in (50, 80, 133):
            text = self.show(SAMPLE, '--cluster', '19', '--width',
                             str(width)).stdout
            examples = text[text.index('examples'):].splitlines()[1:]
            self.assertNotEqual(examples, [])
            self.assertLessEqual(max(map(len, examples)), width)
            self.assertGreater(max(map(len, examples)), width - 12)

    def test_marked_token_is_the_peak(self):
        shown = self.as_json(SAMPLE, '--cluster', '19', '--limit', '5')
        text = self.show(SAMPLE, '--cluster', '19', '--limit', '5').stdout
        marked = re.findall('\u27e6(.*?)\u27e7', text)
        self.assertEqual(marked, [
            e['tokens'][e['peak']].replace('\u0120', ' ')
            for e in shown['examples']])


class Hostile(Show):
    def setUp(self):
        super().setUp()
        self.copy = self.folder / 'copy'
        shutil.copytree(PYTHON, self.copy)
        self.clusters = lines(self.copy / 'clusters.jsonl')

    def write(self, name, objects):
        (self.copy / name).write_text(
            ''.join(json.dumps(o) + '\n' for o in objects))

    def test_text(self):
        """nothing that moves a cursor, sets a colour or hides gets through"""
        evil = ['\033[2J', '\x07', '\x9b31m', '\u202e', '\u200b', '\0', '\r',
                'a\nb', '\ufeff', '\U000e0041', '\u0301', '\ue000']
        self.clusters[0]['cluster_hash'] = 'run\033]0;x\x07-7-0'
        self.clusters[0]['criterion_samples'] = {}
        for token, text in zip(self.clusters[0]['stats']['token_activations'][
                'top_tokens'], evil):
            token['token'] = text
        self.clusters[0]['components'][0]['module'] = 'm\033[1m'
        self.write('clusters.jsonl', self.clusters)
        texts = lines(self.copy / 'text_samples.jsonl')
        for text in texts:
            text['tokens'] = (evil * 2)[:len(text['tokens'])]
        self.write('text_samples.jsonl', texts)
        outputs = [self.show(self.copy, '--limit', '0', '--width', '400'),
                   self.show(self.copy, '--cluster', '1', '--width', '400'),
                   self.show(self.copy, '--cluster', '77\033[2J', code=1),
                   self.show(self.copy, '--cluster', 'run\x1b-7-0', code=1)]
        for result in outputs:
            for text in (result.stdout, result.stderr):
                bad = [c for c in text if c != '\n' and (
                    ord(c) < 32 or 0x7f <= ord(c) < 0xa0 or c in
                    '\u202e\u200b\ufeff\U000e0041\ue000')]
                self.assertEqual(bad, [], text)
        self.assertIn('<U+202E>', outputs[1].stdout)
        self.assertIn('<U+001B>', outputs[0].stdout)
        row = self.as_json(self.copy, '--sort', 'line')['clusters'][0]
        self.assertEqual(row['top_tokens'][0]['token'], evil[0])

    def test_damaged_lines(self):
        path = self.copy / 'clusters.jsonl'
        whole = path.read_text().splitlines()
        for damage, needle in (
                ('{', 'expected'), ('', 'expected an object'),
                ('[1]', 'expected an object'),
                (whole[2].replace('"stats"', '"state"'),
                 '"stats" is missing'),
                (whole[2].replace('"n_samples": ', '"n_samples": -'),
                 'whole number'),
                (whole[2].replace('"max_activation": ',
                                  '"max_activation": NaN'), 'number'),
                (whole[2][:-40], 'byte')):
            path.write_text('\n'.join([*whole[:2], damage, *whole[3:]]))
            error = self.refused(self.copy)
            self.assertIn("clusters.jsonl' line 3: ", error)
            self.assertIn(needle, error)

    def test_files_that_do_not_fit(self):
        name = self.clusters[1]['cluster_hash']
        texts = lines(self.copy / 'text_samples.jsonl')
        cases = (
            ('activations_map.json', b'{}', 'activations_map.json'),
            ('activations.npz', b'PK', 'zip'),
            ('text_samples.jsonl', b'', 'has no text'),
            ('text_samples.jsonl', ''.join(
                json.dumps({**t, 'tokens': t['tokens'][1:]}) + '\n'
                for t in texts).encode(), 'tokens, expected'))
        for file, content, needle in cases:
            path = self.copy / file
            before = path.read_bytes()
            path.write_bytes(content)
            self.assertIn(needle, self.refused(self.copy, '--cluster', name))
            path.write_bytes(before)
        self.show(self.copy, '--cluster', name)

    def test_facts_of_another_dashboard(self):
        copy = self.folder / 'sample'
        shutil.copytree(SAMPLE, copy)
        (copy / 'cluster_facts.jsonl').write_text(
            ''.join(json.dumps(f) + '\n' for f in FACTS[1:]))
        name = FACTS[0]['cluster_hash']
        self.assertIn("cluster_facts.jsonl' line 1: it is about",
                      self.refused(copy, '--cluster', name))
        self.assertIn(f'has {len(FACTS) - 1} lines', self.refused(
            copy, '--cluster', FACTS[-1]['cluster_hash']))
        (copy / 'cluster_facts.jsonl').unlink()
        self.assertIn('examples', self.show(copy, '--cluster', name).stdout)
        self.assertIn('nothing more is known', self.show(
            copy, '--component', FACTS[0]['members'][0]['label']).stdout)


class Refused(Show):
    def test_usage(self):
        for arguments in ((), (SAMPLE, PYTHON), (SAMPLE, '--sort', 'x'),
                          (SAMPLE, '--token', 'a', '--sort', 'size'),
                          (SAMPLE, '--cluster', '1', '--token', 'a'),
                          (SAMPLE, '--criterion', 'random'),
                          (SAMPLE, '--cluster', '1', '--sort', 'max'),
                          (SAMPLE, '--color', 'maybe'),
                          (SAMPLE, '--limit', '-3'),
                          (SAMPLE, '--width', '-1')):
            with self.subTest(arguments=arguments):
                self.refused(*arguments, code=2)

    def test_no_dashboard(self):
        (self.folder / 'file').touch()
        for folder, needle in (('/no/such', 'does not exist'),
                               (self.folder, 'has no clusters.jsonl'),
                               (self.folder / 'file', 'is no folder')):
            self.assertIn(needle, self.refused(folder))

    def test_unknown_names(self):
        self.assertIn("there is 'goldrun1-7-", self.refused(
            PYTHON, '--cluster', 'goldrun-7-0x'))
        label = FACTS[0]['members'][0]['label']
        self.assertIn(f"'{label}'", self.refused(
            SAMPLE, '--component', label.replace(':', '::')))
        self.assertIn('expected one of max_activation-max-20, random',
                      self.refused(SAMPLE, '--cluster', '19', '--criterion',
                                   'best'))


if __name__ == '__main__':
    harness.main()

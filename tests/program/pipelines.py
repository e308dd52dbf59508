# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every shipped description, through the program and through gst-launch-1.0,
on the sample model and the golden data."""

import ast
import json
import os
import pathlib
import signal
import subprocess
import tempfile

import harness

TEXT = harness.LICENCES / 'GPL-3'
GOLDEN = harness.DATA / 'golden' / 'basic'
# what two routes to the same dashboard must agree in, byte for byte
FILES = ['activations.npz', 'activations_map.json', 'cluster_facts.jsonl',
         'clusters.jsonl', 'coactivations.npz', 'component_activations.npz',
         'samples.npz', 'text_samples.jsonl']
SETTINGS = ['threshold=0.01', 'n-samples=7', 'batch-size=8', 'n-ctx=64']


def read_npy(path):
    """header and bytes of a version 1 .npy file"""
    content = path.read_bytes()
    length = int.from_bytes(content[8:10], 'little')
    return ast.literal_eval(content[10:10 + length].decode()), \
        content[10 + length:]


def write_npy(path, dtype, shape, content):
    header = repr({'descr': dtype, 'fortran_order': False, 'shape': shape})
    header += ' ' * (-(len(header) + 11) % 64) + '\n'
    path.write_bytes(b'\x93NUMPY\x01\x00' + len(header).to_bytes(2, 'little')
                     + header.encode() + content)


class Shipped(harness.Case):
    @classmethod
    def setUpClass(cls):
        """One run of dashboard and of harvest, which others compare with."""
        scratch = tempfile.TemporaryDirectory(prefix='act-program-')
        cls.addClassCleanup(scratch.cleanup)
        cls.made = pathlib.Path(scratch.name)
        cls.dashboard = cls.made / 'dashboard'
        cls.dump = cls.made / 'dump'
        cls.result = harness.run(
            'run', 'dashboard', f'model={harness.SAMPLE}', f'text={TEXT}',
            f'output={cls.dashboard}', *SETTINGS, '--report',
            cls.made / 'report.json')
        assert cls.result.returncode == 0, cls.result.stderr
        result = harness.run(
            'run', 'harvest', f'model={harness.SAMPLE}', f'text={TEXT}',
            f'output={cls.dump}', *SETTINGS[2:])
        assert result.returncode == 0, result.stderr

    def assert_same(self, folder):
        for name in FILES:
            self.assertEqual((folder / name).read_bytes(),
                             (self.dashboard / name).read_bytes(), name)

    def by_gst_launch(self, *arguments):
        line = self.check(0, 'run', '--print', *arguments).stdout
        result = harness.launch(line)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn('WARNING', result.stderr + result.stdout)

    def test_all_are_listed(self):
        listing = self.check(0, 'run', '--list').stdout
        names = sorted(path.stem for path in
                       harness.PIPELINES.glob('*.pipeline'))
        self.assertEqual([line.split()[0] for line in listing.splitlines()],
                         names)
        self.assertEqual(names, ['dashboard', 'dashboard-cuda', 'from-dump',
                                 'from-store', 'from-tokens', 'harvest',
                                 'merge', 'shard', 'shard-dump',
                                 'shard-tokens', 'store-cuda'])
        for line in listing.splitlines():
            self.assertGreater(len(line.split(maxsplit=1)), 1, line)

    def test_shards(self):
        """one after the other they have the texts of the whole, whatever
        makes the batches"""
        tokens = self.folder / 'tokens.npy'
        header, content = read_npy(self.dump / 'tokens.npy')
        *batches, n_ctx = header['shape']
        write_npy(tokens, header['descr'], (batches[0] * batches[1], n_ctx),
                  content)
        whole = (self.dashboard / 'text_samples.jsonl').read_text()
        clusters = f'clusters={harness.SAMPLE}/clusters.json'
        for name, *arguments in (
                ('dashboard', f'model={harness.SAMPLE}', f'text={TEXT}',
                 'n-ctx=64', 'batch-size=8'),
                ('from-tokens', f'model={harness.SAMPLE}', f'tokens={tokens}',
                 'batch-size=8'),
                ('from-dump', f'dump={self.dump}', clusters)):
            with self.subTest(name):
                texts = ''
                for k in range(3):
                    folder = self.folder / f'{name}-{k}'
                    self.check(0, 'run', name, *arguments, f'shard-index={k}',
                               'shard-count=3', f'output={folder}')
                    texts += (folder / 'text_samples.jsonl').read_text()
                self.assertEqual(texts, whole)
        self.check(0, 'dashboard', '--model', harness.SAMPLE, '--text', TEXT,
                   '--n-ctx', '64', '--batch-size', '8', '--shard-index', '1',
                   '--shard-count', '3', '--output', self.folder / 'option')
        self.assertEqual(
            (self.folder / 'option' / 'text_samples.jsonl').read_text(),
            (self.folder / 'dashboard-1' / 'text_samples.jsonl').read_text())

    def test_dashboard(self):
        clusters = (self.dashboard / 'clusters.jsonl').read_text().splitlines()
        self.assertGreater(len(clusters), 400)
        n_texts = len((self.dashboard / 'text_samples.jsonl').read_text()
                      .splitlines())
        report = json.loads((self.made / 'report.json').read_text())
        self.assertEqual(report['result'], 'complete')
        counts = {note['kind']: note for note in report['counts']}
        self.assertEqual(counts['summary']['samples'], report['samples'])
        self.assertEqual(counts['summary']['positions'],
                         report['samples'] * 64)
        self.assertLessEqual(n_texts, report['samples'])
        self.assertEqual(report['output'][0]['location'], str(self.dashboard))
        self.assertEqual(
            [step['factory'] for step in report['steps']],
            ['acttextsrc', 'acttokenize', 'queue', 'actforward', 'queue',
             'actdeadfilter', 'actclustermax', 'actstore',
             'actdashboardsink'])
        summary = self.result.stdout
        self.assertRegex(summary, r'(?m)^Summary .*samples [0-9]')
        self.assertRegex(summary, r'(?m)^  actforward0 ')
        self.assertRegex(summary, rf'(?m)^Output +{self.dashboard}$')

    def test_dashboard_by_gst_launch(self):
        self.by_gst_launch('dashboard', f'model={harness.SAMPLE}',
                           f'text={TEXT}', f'output={self.folder}/d',
                           *SETTINGS)
        self.assert_same(self.folder / 'd')

    def test_dashboard_command(self):
        output = self.folder / 'a folder ! "x" #1'
        self.check(0, 'dashboard', '--model', harness.SAMPLE, '--text', TEXT,
                   '--output', output, '--threshold', '0.01', '--n-samples',
                   '7', '--batch-size', '8', '--n-ctx', '64')
        self.assert_same(output)
        arguments = ('dashboard', '--model', harness.SAMPLE, '--text',
                     harness.LICENCES / 'BSD', '--output', output, '--quiet')
        result = self.check(1, *arguments)
        self.assertIn(str(output), result.stderr)
        self.assertIn('--overwrite', result.stderr)
        self.check(0, *arguments, '--overwrite')

    def test_options_reach_their_elements(self):
        texts = self.folder / 'latin'
        texts.write_bytes(b'permission \xfcber everything ' * 200)
        output = self.folder / 'options'
        command = ('dashboard', '--model', harness.SAMPLE, '--text', texts,
                   '--output', output, '--n-ctx', '32')
        result = self.check(1, *command)
        self.assertIn('invalid-utf8', result.stderr)
        report = self.folder / 'options.json'
        given = {'invalid-utf8': 'replace', 'reduction': 'sum',
                 'hist-bins': '7', 'top-n-tokens': '3', 'modules': 'h.0.*',
                 'activation-threshold': '0.25', 'eos-token': '<|endoftext|>',
                 'sample-scope': 'all', 'texts': 'referenced',
                 'component-records': 'false', 'n-random': '3', 'seed': '9',
                 'n-coactivating': '2', 'min-token-count': '4'}
        words = [word for name, value in given.items()
                 for word in ('--' + name, value)]
        self.check(0, *command, *words, '--report', report)
        document = json.loads(report.read_text())
        settings = {}
        for element in document['settings']:
            settings.update(element)
        for name in given.keys() - {'reduction', 'activation-threshold'}:
            self.assertEqual(settings[name], given[name])
        self.assertEqual(float(settings['activation-threshold']), 0.25)
        info = json.loads((output / 'model_info.json').read_text())
        self.assertEqual(info['clustering']['reduction'], 'sum')
        self.assertEqual(info['settings']['texts'], 'referenced')
        self.assertEqual(info['settings']['facts'],
                         {'n_random': 3, 'seed': 9, 'n_coactivating': 2,
                          'min_token_count': 4})
        self.check(0, *command, '--invalid-utf8', 'replace', '--overwrite',
                   '--facts', 'false')
        self.assertFalse((output / 'samples.npz').exists())

    def test_several_texts(self):
        texts = [harness.LICENCES / name for name in ('BSD', 'Artistic')]
        command = ('dashboard', '--model', harness.SAMPLE, '--quiet')
        self.check(0, *command, '--output', self.folder / 'a', '--text',
                   *texts)
        self.check(0, *command, '--output', self.folder / 'b', '--text',
                   texts[0], '--text', texts[1])
        both = self.folder / 'texts'
        both.mkdir()
        for number, text in enumerate(texts):
            (both / f'{number},x.txt').write_bytes(text.read_bytes())
        self.check(0, *command, '--output', self.folder / 'c', '--text', both)
        self.check(0, *command, '--output', self.folder / 'd', '--text',
                   *sorted(both.iterdir()))
        for name in FILES:
            contents = {(self.folder / folder / name).read_bytes()
                        for folder in 'abcd'}
            self.assertEqual(len(contents), 1, name)

    def test_dump_gives_the_same_dashboard(self):
        arguments = ('from-dump', f'dump={self.dump}',
                     f'clusters={harness.SAMPLE}/clusters.json',
                     f'vocabulary={harness.SAMPLE}/tokenizer.json',
                     *SETTINGS[:2])
        self.check(0, 'run', *arguments, f'output={self.folder}/a')
        self.assert_same(self.folder / 'a')
        self.by_gst_launch(*arguments, f'output={self.folder}/b')
        self.assert_same(self.folder / 'b')

    def test_safetensors_dump_gives_the_same_dashboard(self):
        self.by_gst_launch('harvest', f'model={harness.SAMPLE}',
                           f'text={TEXT}', f'output={self.folder}/dump',
                           'output-format=safetensors', *SETTINGS[2:])
        self.check(0, 'run', 'from-dump', f'dump={self.folder}/dump',
                   f'clusters={harness.SAMPLE}/clusters.json',
                   f'vocabulary={harness.SAMPLE}/tokenizer.json',
                   f'output={self.folder}/a', *SETTINGS[:2])
        self.assert_same(self.folder / 'a')

    def test_tokens_give_the_same_dashboard(self):
        header, content = read_npy(self.dump / 'tokens.npy')
        rows = [content[i:i + 256] for i in range(0, len(content), 256)]
        rows = [row for row in rows if row != b'\xff' * 256]
        self.assertEqual(header['shape'][1:], (8, 64))
        write_npy(self.folder / 'tokens.npy', '<i4', (len(rows), 64),
                  b''.join(rows))
        arguments = ('from-tokens', f'model={harness.SAMPLE}',
                     f'tokens={self.folder}/tokens.npy', *SETTINGS)
        self.check(0, 'run', *arguments, f'output={self.folder}/a')
        self.assert_same(self.folder / 'a')
        self.by_gst_launch(*arguments, f'output={self.folder}/b')
        self.assert_same(self.folder / 'b')

    def test_golden_data(self):
        self.check(0, 'run', 'from-dump', f'dump={GOLDEN}', 'threshold=0',
                   f'clusters={GOLDEN}/clusters.json', 'run=goldrun1',
                   'iteration=7', f'vocabulary={GOLDEN}/vocab.json',
                   'n-samples=5', f'output={self.folder}/d')
        for name in ('clusters.jsonl', 'text_samples.jsonl',
                     'activations_map.json'):
            self.assertEqual((self.folder / 'd' / name).read_bytes(),
                             (GOLDEN / 'expected' / name).read_bytes(), name)

    def test_other_reduction(self):
        for reduction in ('mean', 'sum'):
            self.by_gst_launch(
                'from-dump', f'dump={self.dump}', f'reduction={reduction}',
                f'clusters={harness.SAMPLE}/clusters.json',
                f'vocabulary={harness.SAMPLE}/tokenizer.json',
                f'output={self.folder}/{reduction}', *SETTINGS[:2])
            text = (self.folder / reduction / 'clusters.jsonl').read_text()
            self.assertNotEqual(
                text, (self.dashboard / 'clusters.jsonl').read_text())


class Endings(harness.Case):
    """What is left behind when a run does not end as it should: nothing."""

    def test_signals(self):
        text = self.folder / 'long.txt'
        text.write_bytes(TEXT.read_bytes() * 100)
        outputs = self.folder / 'outputs'
        outputs.mkdir()
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            process = subprocess.Popen(
                [harness.PROGRAM, 'dashboard', '--model', harness.SAMPLE,
                 '--text', text, '--output', outputs / 'd'],
                stderr=subprocess.PIPE)
            with process:
                self.assertNotEqual(process.stderr.readline(), b'')
                process.send_signal(number)
                process.stderr.read()
            self.assertEqual(process.returncode, code)
            self.assertEqual(os.listdir(outputs), [])

    def test_run_that_is_not_whole(self):
        path = self.description(
            'actdumpsrc location="${dump}" ! identity eos-after=2 ! '
            'actdeadfilter ! actclustermax clusters="${dump}/clusters.json" !'
            ' actstore ! actdashboardsink location="${output}" '
            'vocabulary="${dump}/vocab.json"')
        outputs = self.folder / 'outputs'
        outputs.mkdir()
        result = self.check(1, 'run', path, f'dump={GOLDEN}',
                            f'output={outputs}/d')
        self.assertIn('warning: ', result.stderr)
        self.assertIn('before all of its input was through', result.stderr)
        self.assertEqual(os.listdir(outputs), [])

    def test_errors(self):
        outputs = self.folder / 'outputs'
        outputs.mkdir()
        for model, text, needle in (
                ('/no/such/model', TEXT, '/no/such/model'),
                (harness.SAMPLE, '/no/such/text', '/no/such/text')):
            result = self.check(1, 'dashboard', '--model', model, '--text',
                                text, '--output', outputs / 'd')
            self.assertEqual(result.stderr.count('error: '), 1, result.stderr)
            self.assertIn(needle, result.stderr)
            self.assertRegex(result.stderr, r'(?m)^error: (the model|text) ')
            self.assertEqual(os.listdir(outputs), [])

    def test_unwritable_output(self):
        result = self.check(1, 'run', 'from-dump', f'dump={GOLDEN}',
                            f'clusters={GOLDEN}/clusters.json',
                            f'vocabulary={GOLDEN}/vocab.json',
                            'output=/proc/no/d')
        self.assertIn('/proc/no', result.stderr)


if __name__ == '__main__':
    harness.main()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs that are not whole, empty or silent runs, names with any character,
runs that are ended while they drain."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import zipfile

import badfiles
import harness

GOLDEN = harness.DATA / 'golden' / 'basic'
SOURCE = 'actdumpsrc location="${dump}" vocabulary="${dump}/vocab.json"'
CLUSTER = 'actclustermax clusters="${dump}/clusters.json"'
SINK = 'actdashboardsink location="${output}"'
FILES = {'activations.npz', 'activations_map.json', 'cluster_facts.jsonl',
         'clusters.jsonl', 'coactivations.npz', 'component_activations.npz',
         'data', 'index.html', 'model_info.json', 'page', 'run_info.json',
         'samples.npz', 'text_samples.jsonl'}


def npy_shape(archive, member):
    with zipfile.ZipFile(archive) as z:
        header = z.read(member + '.npy')
    start = header.index(b"'shape': (") + 10
    return [int(n) for n in header[start:header.index(b')', start)].split(b',')
            if n.strip()]


class Streams(harness.Case):
    def setUp(self):
        super().setUp()
        self.outputs = self.folder / 'outputs'
        self.outputs.mkdir()

    def both(self, code, *arguments):
        """by the program and by gst-launch-1.0 -> what the first one said"""
        result = self.check(code, *arguments)
        for text in ('CRITICAL', 'GLib', 'Sanitizer', 'runtime error'):
            self.assertNotIn(text, result.stderr)
        left = sorted(os.listdir(self.outputs))
        for name in left:
            shutil.rmtree(self.outputs / name)
        line = self.check(0, arguments[0], '--print', *arguments[1:]).stdout
        launched = harness.launch(line)
        for text in ('CRITICAL', 'GLib', 'Sanitizer', 'runtime error'):
            self.assertNotIn(text, launched.stderr)
        self.assertGreaterEqual(launched.returncode, 0)
        self.assertEqual(sorted(os.listdir(self.outputs)), left)
        return result


class NotWhole(Streams):
    """EOS is not success: whatever gets lost, nothing is published."""

    def refused(self, text):
        path = self.description(text)
        result = self.both(1, 'run', path, f'dump={GOLDEN}',
                           f'output={self.outputs}/d')
        self.assertEqual(os.listdir(self.outputs), [])
        self.assertRegex(result.stderr, r'(?m)^(error|warning): ')
        return result

    def test_batches_get_lost(self):
        """behind each element; of the three batches the last, one, or all"""
        steps = [SOURCE, 'actdeadfilter', CLUSTER]
        for at in range(1, 4):
            for thief in ('identity eos-after=2', 'identity eos-after=1',
                          'identity error-after=3',
                          'identity drop-probability=1',
                          'queue leaky=downstream ! identity error-after=1',
                          'queue ! identity error-after=2 ! queue'):
                for end in (f'actstore ! {SINK}', f'queue ! actstore ! {SINK}',
                            'actdumpsink location="${output}"',
                            'actdumpsink location="${output}" '
                            'format=safetensors'):
                    with self.subTest(at=at, thief=thief, end=end):
                        self.refused(' ! '.join(
                            [*steps[:at], thief, *steps[at:], end]))

    def test_source_stops_early(self):
        for end in (f'actstore ! {SINK}', 'actdumpsink location="${output}"'):
            self.refused(f'{SOURCE} num-buffers=2 ! actdeadfilter ! {CLUSTER} '
                         f'! {end}')

    def test_records_get_lost(self):
        for thief in ('eos-after=1', 'eos-after=5', 'error-after=5',
                      'drop-probability=1', 'drop-probability=0.5'):
            with self.subTest(thief):
                self.refused(f'{SOURCE} ! actdeadfilter ! {CLUSTER} ! '
                             f'actstore ! identity {thief} ! {SINK}')

    def test_one_branch(self):
        """What is lost in one branch is of no concern to the other."""
        path = self.description(
            f'{SOURCE} ! actdeadfilter ! {CLUSTER} ! tee name=t '
            f't. ! queue ! identity drop-probability=1 ! actstore ! {SINK} '
            't. ! queue ! actstore ! actdashboardsink '
            'location="${output}-whole"')
        result = self.check(1, 'run', path, f'dump={GOLDEN}',
                            f'output={self.outputs}/d')
        self.assertIn('warning: ', result.stderr)
        self.assertEqual(os.listdir(self.outputs), ['d-whole'])

    def test_ended_while_draining(self):
        """The first record goes into a pipe as well, which tells that the
        store drains; the dashboard takes seconds for all of them."""
        path = self.description(
            f'{SOURCE} ! actdeadfilter ! {CLUSTER} ! actstore name=s '
            f's. ! identity sleep-time=300000 ! {SINK} '
            's. ! queue ! fdsink fd=${fd} sync=false async=false')
        for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
            read, write = os.pipe()
            process = subprocess.Popen(
                [harness.PROGRAM, 'run', '--quiet', path, f'dump={GOLDEN}',
                 f'output={self.outputs}/d', f'fd={write}'],
                pass_fds=[write], stderr=subprocess.PIPE)
            os.close(write)
            with process, open(read, 'rb') as records:
                self.assertNotEqual(records.read(1), b'')
                process.send_signal(number)
                process.stderr.read()
            self.assertEqual(process.returncode, code)
            self.assertEqual(os.listdir(self.outputs), [])


class Nothing(Streams):
    """Runs without samples and runs without activity are valid."""

    def empty(self, folder, n_ctx, n_clusters=588, n_clusters_listed=0):
        self.assertEqual({path.name for path in folder.iterdir()}, FILES)
        self.assertEqual((folder / 'clusters.jsonl').read_text(), '')
        self.assertEqual((folder / 'cluster_facts.jsonl').read_text(), '')
        self.assertEqual((folder / 'text_samples.jsonl').read_text(), '')
        self.assertEqual(
            npy_shape(folder / 'samples.npz', 'activations'), [0, n_ctx])
        self.assertEqual(
            npy_shape(folder / 'component_activations.npz', 'indptr'), [1])
        self.assertEqual(
            json.loads((folder / 'activations_map.json').read_text()), {})
        info = json.loads((folder / 'model_info.json').read_text())
        self.assertEqual(info['n_samples'], 0)
        self.assertEqual(
            npy_shape(folder / 'activations.npz', 'activations'), [0, n_ctx])
        self.assertEqual(
            npy_shape(folder / 'coactivations.npz', 'coactivations'),
            [n_clusters, n_clusters])

    def run_empty(self, *arguments, n_ctx=128, warning=None):
        result = self.check(0, 'run', *arguments, f'output={self.outputs}/d')
        if warning:
            self.assertIn(warning, result.stderr)
        else:
            self.assertNotIn('warning', result.stderr)
        self.empty(self.outputs / 'd', n_ctx)
        shutil.rmtree(self.outputs / 'd')
        self.both(0, 'run', *arguments, f'output={self.outputs}/d')
        shutil.rmtree(self.outputs / 'd')
        return result

    def test_text(self):
        """too short for one sample, empty, no documents"""
        for name, content in (('short.txt', b'Hello'), ('empty.txt', b''),
                              ('blank.txt', b'\n'), ('none.jsonl', b''),
                              ('short.jsonl', b'{"text": "a"}\n')):
            path = self.folder / name
            path.write_bytes(content)
            for settings in ([], ['packing=document'],
                             ['reduction=mean']):
                result = self.run_empty(
                    'dashboard', f'model={harness.SAMPLE}', f'text={path}',
                    *settings, warning='a sample takes 128 (n-ctx)')
                self.assertIn('samples 0', result.stdout)

    def test_command(self):
        path = self.folder / 'short.txt'
        path.write_text('Hello')
        result = self.check(0, 'dashboard', '--model', harness.SAMPLE,
                            '--text', path, '--output', self.outputs / 'd')
        self.assertIn('samples 0', result.stdout)
        self.assertIn('a sample takes 128 (n-ctx)', result.stderr)
        self.empty(self.outputs / 'd', 128)

    def test_tokens(self):
        path = self.folder / 't.npy'
        path.write_bytes(badfiles.npy(b'', shape=(0, 16)))
        self.run_empty('from-tokens', f'model={harness.SAMPLE}',
                       f'tokens={path}', n_ctx=16)

    def test_dump(self):
        """A dump has no form for it."""
        path = self.folder / 'short.txt'
        path.write_text('Hello')
        result = self.both(1, 'run', 'harvest', f'model={harness.SAMPLE}',
                           f'text={path}', f'output={self.outputs}/d')
        self.assertIn('no samples', result.stderr)
        self.assertEqual(os.listdir(self.outputs), [])

    def test_all_silent(self):
        """no component is ever as high as the threshold"""
        for text in (
                f'{SOURCE} ! actdeadfilter threshold=2 ! {CLUSTER} ! '
                f'actstore ! {SINK}',
                f'{SOURCE} ! queue ! actdeadfilter threshold=2 layout=dense ! '
                f'tee ! queue ! {CLUSTER} ! tee name=t '
                f't. ! queue ! actstore ! {SINK} '
                't. ! queue ! actstore ! fakesink'):
            path = self.description(text)
            self.both(0, 'run', path, f'dump={GOLDEN}',
                      f'output={self.outputs}/d')
            folder = self.outputs / 'd'
            self.assertEqual({p.name for p in folder.iterdir()}, FILES)
            info = json.loads((folder / 'model_info.json').read_text())
            self.assertEqual(info['n_samples'], 12)
            self.assertEqual((folder / 'clusters.jsonl').read_text(), '')
            shutil.rmtree(folder)

    def test_one_silent_batch(self):
        """in the middle, through tee: the same in both branches"""
        dump = self.folder / 'dump'
        shutil.copytree(GOLDEN, dump)
        shape = (64, 48)
        (dump / 'activations_001.npy').write_bytes(
            badfiles.npy(bytes(64 * 48 * 4), "'<f4'", shape))
        path = self.description(
            f'{SOURCE} ! tee name=t '
            f't. ! queue ! actdeadfilter ! {CLUSTER} ! actstore ! {SINK} '
            f't. ! queue ! actdeadfilter layout=dense ! {CLUSTER} ! actstore '
            '! queue ! actdashboardsink location="${output}-b"')
        self.check(0, 'run', path, f'dump={dump}', f'output={self.outputs}/d')
        self.assertEqual(harness.content(self.outputs / 'd'),
                         harness.content(self.outputs / 'd-b'))
        self.assertNotEqual(
            (self.outputs / 'd' / 'clusters.jsonl').read_text(), '')


class Names(Streams):
    def test_runs_and_iterations(self):
        arguments = ('from-dump', f'dump={GOLDEN}',
                     f'clusters={GOLDEN}/clusters.json',
                     f'vocabulary={GOLDEN}/vocab.json')
        for run in ('plain', 'a/b', '../..', '"quoted" \'too\'', 'line\nbreak',
                    'a|b', 'ünï 日本 😀', '-', 'a-1-2', '\\', ' ', '${x}', '%s',
                    '\x01\x7f\t', '</script>', ''):
            with self.subTest(run):
                shutil.rmtree(self.outputs / 'd', ignore_errors=True)
                self.both(0, 'run', *arguments, f'run={run}', 'iteration=3',
                          f'output={self.outputs}/d')
                lines = (self.outputs / 'd' / 'clusters.jsonl').read_text(
                    'utf-8').split('\n')[:-1]
                hashes = [json.loads(line)['cluster_hash'] for line in lines]
                self.assertEqual(len(hashes), 10)
                for name in hashes:
                    self.assertTrue(name.startswith(f'{run}-3-'), name)
                rows = json.loads((self.outputs / 'd' / 'activations_map.json')
                                  .read_text('utf-8'))
                self.assertEqual({key.rpartition('|')[0] for key in rows},
                                 set(hashes))

    def test_last_iteration(self):
        """-1 is the last row, and its number is in the names"""
        arguments = ('dashboard', f'model={harness.SAMPLE}',
                     f'text={harness.LICENCES}/BSD', 'n-ctx=32',
                     f'clusters={harness.SAMPLE}/merge_history.zip')
        outputs = []
        for iteration in (-1, 283):
            folder = self.outputs / str(iteration)
            self.check(0, 'run', *arguments, f'iteration={iteration}',
                       f'output={folder}')
            outputs.append((folder / 'clusters.jsonl').read_text())
        self.assertIn('"run-283-', outputs[0])
        self.assertEqual(*outputs)


class Texts(Streams):
    """from-dump of a few samples of four tokens, a vocabulary of one's own"""

    def dump(self, vocabulary, samples):
        folder = self.folder / 'dump'
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        n = len(samples)
        (folder / 'labels.txt').write_text('a:0\na:1\n')
        (folder / 'clusters.json').write_text('{"0": ["a:0"], "1": ["a:1"]}')
        (folder / 'vocab.json').write_text(json.dumps(vocabulary))
        (folder / 'tokens.npy').write_bytes(badfiles.npy(
            badfiles.ints(sum(samples, [])), shape=(1, n, 4)))
        (folder / 'activations_000.npy').write_bytes(badfiles.npy(
            badfiles.floats([1 + i / 64 for i in range(n * 8)]), "'<f4'",
            (n * 4, 2)))
        self.check(0, 'run', '--quiet', 'from-dump', f'dump={folder}',
                   f'clusters={folder}/clusters.json', 'n-samples=9',
                   'overwrite=true', f'output={self.outputs}/d')
        return self.outputs / 'd'

    def lines(self, folder, name):
        text = (folder / name).read_text('utf-8')
        return [json.loads(line) for line in text.split('\n')[:-1]]

    def test_equal_hashes(self):
        """Two texts of the same 8 digits do not overwrite each other."""
        vocabulary = [f't{i}' for i in range(100)]
        seen, pair, i = {}, None, 0
        while pair is None:
            ids = [i % 100, i // 100 % 100, i // 10000 % 100, 7]
            text = ' '.join(vocabulary[k] for k in ids)
            digest = hashlib.sha256(text.encode()).hexdigest()
            if digest[:8] in seen:
                pair = [seen[digest[:8]], (ids, digest)]
            seen[digest[:8]] = (ids, digest)
            i += 1
        alone = [1, 2, 3, 4]
        hashes = {pair[0][1][:16], pair[1][1][:16], hashlib.sha256(
            ' '.join(vocabulary[k] for k in alone).encode()).hexdigest()[:8]}
        folder = self.dump(vocabulary, [pair[0][0], alone, pair[1][0]])
        texts = self.lines(folder, 'text_samples.jsonl')
        self.assertEqual({text['text_hash'] for text in texts}, hashes)
        for text in texts:
            self.assertEqual(
                hashlib.sha256(text['full_text'].encode()).hexdigest()
                [:len(text['text_hash'])], text['text_hash'])
        rows = json.loads((folder / 'activations_map.json').read_text())
        self.assertEqual(set(rows), {f'run-0-{cluster}|{text}'
                                     for cluster in (0, 1) for text in hashes})
        clusters = (folder / 'clusters.jsonl').read_text()
        for text in hashes:
            self.assertEqual(clusters.count(f'"{text}"'), 2)
        self.assertNotIn(f'"{pair[0][1][:8]}"', clusters)
        info = json.loads((folder / 'model_info.json').read_text())
        self.assertEqual(info['n_texts'], 3)
        self.assertEqual(info['n_texts_with_longer_hashes'], 2)

    def test_same_text_of_other_tokens(self):
        """["a b", "c"] and ["a", "b c"] are the same text: the first stays,
        and that it happened is counted"""
        vocabulary = ['a b', 'c', 'a', 'b c', 'x']
        folder = self.dump(vocabulary, [[0, 1, 4, 4], [2, 3, 4, 4],
                                        [4, 4, 4, 4]])
        texts = self.lines(folder, 'text_samples.jsonl')
        self.assertEqual([text['full_text'] for text in texts],
                         ['a b c x x', 'x x x x'])
        info = json.loads((folder / 'model_info.json').read_text())
        self.assertEqual(info['n_texts'], 2)
        self.assertEqual(info['n_texts_with_several_token_lists'], 1)
        self.assertEqual(info['n_texts_with_longer_hashes'], 0)

    def test_every_character(self):
        """token strings come out as they went in"""
        vocabulary = ['\0', 'a\0', 'a', '\0b',
                      '\x01', '\t', '\n', '\r\n', '\u2028\u0085', '"\\/', '',
                      ' ', '\x1b[0m', '\ufeff', '\U0001f600\u200d', '\ufffd',
                      '|', '</script>', '\uffff', 'e\u0301']
        samples = [list(range(i, i + 4)) for i in range(0, 20, 4)]
        folder = self.dump(vocabulary, samples)
        texts = self.lines(folder, 'text_samples.jsonl')
        self.assertEqual([text['tokens'] for text in texts],
                         [[vocabulary[k] for k in ids] for ids in samples])
        for text in texts:
            self.assertEqual(text['full_text'], ' '.join(text['tokens']))
            self.assertEqual(text['text_hash'], hashlib.sha256(
                text['full_text'].encode()).hexdigest()[:8])


if __name__ == '__main__':
    harness.main()

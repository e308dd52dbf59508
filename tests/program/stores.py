# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stores of shards, put together: the same dashboard, byte for byte, as one run
without a store. And what `merge` and `store` say of stores."""

import json
import os
import random
import shutil

import harness
import storefiles
from harness import content
from storefiles import GOLDEN, SAMPLE

MISSING = 3  # exit code: parts of the run are not there
TEXTS = [harness.LICENCES / name for name in ('BSD', 'Artistic')]


class Shards(storefiles.Case):
    def make_shards(self, name, count, chooser, *arguments):
        """The stores of count shards, and their dashboards, which nobody
        needs; -> folders in any order"""
        folders = []
        for k in range(count):
            folders.append(self.folder / f'{name}-{count}-{k}')
            self.check(0, 'run', '--quiet', *arguments, f'shard-index={k}',
                       f'shard-count={count}', f'store={folders[-1]}',
                       f'segment-size={chooser.randint(1, 4)}',
                       f'output={self.folder}/unused', 'overwrite=true')
        chooser.shuffle(folders)
        return folders

    def from_store(self, folders, expected, *arguments):
        output = self.folder / 'from-store'
        stores = ','.join(map(str, folders))
        self.check(0, 'run', '--quiet', 'from-store', f'stores={stores}',
                   f'output={output}', 'overwrite=true', *arguments)
        self.assert_same(output, expected)

    def merge(self, name, folders, *arguments):
        merged = self.folder / name
        self.check(0, 'merge', '--quiet', *folders, '--output', merged,
                   *arguments)
        self.tidy(merged)
        self.check(0, 'store', 'verify', merged)
        return merged

    def test_golden(self):
        """also more shards than batches, of which some are empty"""
        chooser = random.Random(3)
        for case in ('basic', 'batch_1', 'negative_and_zero',
                     'ragged_last_batch', 'dead_components'):
            store, dashboard = storefiles.dump_arguments(GOLDEN / case)
            plain = self.folder / f'{case}-plain'
            self.check(0, 'run', '--quiet', 'from-dump', *store, *dashboard,
                       f'output={plain}')
            expected = content(plain)
            whole = self.make_shards(case, 1, chooser, 'from-dump', *store)[0]
            batches = storefiles.batches_of(whole)
            self.from_store([whole], expected, *dashboard)
            for count in (2, 3, 7):
                with self.subTest(f'{case}, {count} shards'):
                    folders = self.make_shards(case, count, chooser,
                                               'from-dump', *store)
                    self.from_store(folders, expected, *dashboard)
                    merged = self.merge(f'{case}-{count}', folders,
                                        '--segment-size', '2')
                    self.assertEqual(storefiles.batches_of(merged), batches)
                    for name in ('clusters.json', 'vocabulary.json'):
                        self.assertEqual((merged / name).read_bytes(),
                                         (whole / name).read_bytes())
                    self.from_store([merged], expected, *dashboard)

    def test_model(self):
        chooser = random.Random(4)
        text = ','.join(map(str, TEXTS))
        arguments = ['dashboard', *SAMPLE, f'text={text}']
        self.check(0, 'run', '--quiet', *arguments,
                   f'output={self.folder}/plain')
        expected = content(self.folder / 'plain')
        for count in (1, 2, 3):
            with self.subTest(f'{count} shards'):
                folders = self.make_shards('model', count, chooser, *arguments)
                self.from_store(folders, expected)
                merged = self.merge(f'merged-{count}', folders)
                again = self.merge(f'again-{count}', [merged],
                                   '--segment-size', '5')
                self.assertEqual(storefiles.batches_of(merged),
                                 storefiles.batches_of(again))
                self.from_store([again], expected)

    def test_unequal_shards(self):
        """Shards of other cuts of the run, where they make it up."""
        store, dashboard = storefiles.dump_arguments(GOLDEN / 'batch_1')
        folders = []
        for index, count in ((0, 2), (3, 6), (2, 3)):
            folders.append(self.folder / f'{index}-{count}')
            self.check(0, 'run', '--quiet', 'from-dump', *store,
                       f'shard-index={index}', f'shard-count={count}',
                       f'store={folders[-1]}', 'overwrite=true',
                       f'output={self.folder}/unused')
        self.assertEqual([storefiles.manifest_of(f)['complete']['samples']
                          for f in folders], [3, 1, 2])
        self.check(0, 'run', '--quiet', 'from-dump', *store, *dashboard,
                   f'output={self.folder}/plain')
        self.from_store(folders[::-1], content(self.folder / 'plain'),
                        *dashboard)

    def test_other_clusters(self):
        """Another clustering and reduction of what is stored, without the
        model: what a run with them gives."""
        store, dashboard = storefiles.dump_arguments(GOLDEN / 'basic')
        kept = self.make_shards('basic', 1, random.Random(5), 'from-dump',
                                *store)[0]
        path = self.description(
            'actstoresrc location="${store}" ! actclustersum run=goldrun1 '
            'iteration=7 clusters="${clusters}" ! '
            'actstore component-records=true ! '
            'actdashboardsink location="${output}" n-samples=5')
        self.check(0, 'run', '--quiet', path, f'store={kept}',
                   f'clusters={GOLDEN}/basic/clusters.json',
                   f'output={self.folder}/sums')
        self.check(0, 'run', '--quiet', 'from-dump', *store, *dashboard,
                   'reduction=sum', f'output={self.folder}/plain')
        self.assert_same(self.folder / 'sums', content(self.folder / 'plain'))


class Stored(storefiles.Case):
    """with three shards of basic, a batch each"""

    def setUp(self):
        super().setUp()
        self.shards = [self.folder / f's{k}' for k in range(3)]
        self.store, _ = storefiles.dump_arguments(GOLDEN / 'basic')
        for k, folder in enumerate(self.shards):
            self.run_shard(0, k, folder)

    def run_shard(self, code, index, store, *more, count=3):
        return self.check(code, 'run', '--quiet', 'from-dump', *self.store,
                          f'shard-index={index}', f'shard-count={count}',
                          f'store={store}', f'output={self.folder}/unused',
                          'overwrite=true', *more)

    def unfinished(self, folder, shard_count=1):
        """a store of the first of three batches"""
        shutil.copytree(self.shards[0], folder)
        manifest = storefiles.manifest_of(folder)
        manifest['complete'] = None
        manifest['shard_count'] = shard_count
        (folder / 'manifest.json').write_text(json.dumps(manifest))
        return folder


class Merge(Stored):
    def refused(self, *arguments, needles, code=1):
        output = self.folder / 'merged'
        result = self.check(code, 'merge', *arguments, '--output', output)
        result.returncode = 1
        self.failed(result, *needles)
        self.assertFalse(output.exists())

    def test_missing_and_doubled(self):
        a, b, c = self.shards
        both = self.folder / 'both'
        self.run_shard(0, 0, both, count=1)
        self.refused(a, c, needles=['no store has batches 1'],
                     code=MISSING)
        self.refused(b, needles=['no store has batches 0, 2'],
                     code=MISSING)
        self.refused(a, b, c, both, needles=['two stores have batches 0-2'])
        copy = shutil.copytree(c, self.folder / 'copy')
        self.refused(copy, a, c, needles=['no store has batches 1;',
                                          'two stores have batches 2'])

    def test_empty_shards(self):
        """the first of four shards of three batches has none"""
        four = [self.folder / f'four-{k}' for k in range(4)]
        for k, folder in enumerate(four):
            self.run_shard(0, k, folder, count=4)
        self.refused(four[0], four[3],
                     needles=['no store has batches 0-1'], code=MISSING)
        self.refused(four[3], needles=['no store has batches 0-1'],
                     code=MISSING)
        self.refused(four[0], four[1], four[3],
                     needles=['no store has batches 1'], code=MISSING)
        self.refused(*four[:3], needles=['no store has batches 2'],
                     code=MISSING)
        self.check(0, 'merge', '--quiet', *four, '--output',
                   self.folder / 'whole')

    def test_longer_run(self):
        """a shard of a run that had become longer"""
        manifest = storefiles.manifest_of(self.shards[1])
        manifest['complete']['run_batches'] += 1
        manifest['complete']['run_samples'] += 4
        (self.shards[1] / 'manifest.json').write_text(json.dumps(manifest))
        self.refused(*self.shards, needles=['are not of the same run',
                                            '3 batches and 12 samples',
                                            '4 and 16'])

    def test_inputs(self):
        other = self.folder / 'other'
        self.store[2] = 'threshold=0.25'
        self.run_shard(0, 1, other)
        (self.folder / 'empty').mkdir()
        (self.folder / 'file').touch()
        for folder, *needles in (
                (self.folder / 'none', 'none', 'does not exist'),
                (self.folder / 'empty', 'empty', 'no manifest.json'),
                (self.folder / 'file', 'file', 'no folder'),
                (other, 'threshold (0.0 and 0.25)', other),
                (self.unfinished(self.folder / 'part'), 'part',
                 'not complete')):
            with self.subTest(folder.name):
                self.refused(self.shards[0], folder, self.shards[2],
                             needles=needles,
                             code=MISSING if folder.name == 'part' else 1)
        manifest = self.shards[1] / 'manifest.json'
        manifest.write_text('garbage')
        self.refused(*self.shards, needles=[manifest])

    def test_damaged_input(self):
        path = self.shards[1] / 'segment-000001.safetensors'
        data = bytearray(path.read_bytes())
        data[-3] ^= 1
        path.write_bytes(data)
        output = self.folder / 'merged'
        for _ in range(2):
            result = self.check(MISSING, 'merge', *self.shards, '--output',
                                output)
            self.assertRegex(result.stderr, f"^error: .*'{path}' is damaged")
        data[-3] ^= 1
        path.write_bytes(data)
        self.check(0, 'merge', *self.shards, '--output', output)
        self.check(0, 'store', 'verify', output)

    def test_output(self):
        output = self.folder / 'merged'
        for prepare, *needles in (
                (lambda: self.run_shard(0, 1, output), 'complete'),
                (lambda: (output.mkdir(), (output / 'mine').touch()),
                 "'mine'"),
                (output.touch, str(output))):
            prepare()
            before = content(output) if output.is_dir() else None
            self.failed(harness.run('merge', *self.shards, '--output', output),
                        *needles)
            if before is None:
                output.unlink()
            else:
                self.assertEqual(content(output), before)
                shutil.rmtree(output)

    def test_goes_on(self):
        output = self.unfinished(self.folder / 'merged')
        report = self.folder / 'report.json'
        self.check(0, 'merge', *self.shards, '--output', output, '--report',
                   report)
        self.assertEqual(self.buffers(report, 'actstoresrc'), 2)
        document = json.loads(report.read_text())
        self.assertEqual(document['output'][0]['location'], str(output))
        self.assertEqual(len(storefiles.batches_of(output)), 3)

    def test_goes_on_of_another(self):
        self.store[2] = 'threshold=0.25'
        self.run_shard(0, 0, self.folder / 'other')
        self.shards[0] = self.folder / 'other'
        output = self.unfinished(self.folder / 'merged')
        before = content(output)
        self.shards[0] = self.folder / 's0'
        self.failed(harness.run('merge', *self.shards, '--output', output),
                    'threshold (0.25 and 0.0)')
        self.assertEqual(content(output), before)

    def test_goes_on_of_a_shard(self):
        """the rest of the run would spoil it"""
        output = self.unfinished(self.folder / 'merged', 3)
        before = content(output)
        self.failed(harness.run('merge', *self.shards, '--output', output),
                    'is of shard 0 of 3, this stream is shard 0 of 1')
        self.assertEqual(content(output), before)

    def test_names(self):
        """commas, and what would be a pattern"""
        names = ['a,b', '[x]*', ' c']
        for folder, name in zip(self.shards, names):
            folder.rename(self.folder / name)
        self.check(0, 'merge', *names, '--output', 'm,n', cwd=self.folder)
        self.assertEqual(len(storefiles.batches_of(self.folder / 'm,n')), 3)
        self.check(0, 'merge', 'm,n/', '--output', 'o/p', cwd=self.folder)
        self.assertEqual(len(storefiles.batches_of(self.folder / 'o/p')), 3)

    def test_print_and_dry_run(self):
        line = self.check(0, 'merge', '--print', 'a', 'b', '--output', 'c',
                          '--segment-size', '3').stdout
        self.assertIn('actstoresrc', line)
        self.assertIn('a,b', line)
        self.assertRegex(line, r'segment-size="?\'?3')
        self.check(0, 'merge', '--dry-run', *self.shards, '--output',
                   self.folder / 'merged')
        self.assertFalse((self.folder / 'merged').exists())

    def test_by_gst_launch(self):
        stores = ','.join(map(str, self.shards))
        line = self.check(0, 'run', '--print', 'merge', f'stores={stores}',
                          f'output={self.folder}/merged').stdout
        result = harness.launch(line)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(storefiles.batches_of(self.folder / 'merged')), 3)

    def test_usage(self):
        for arguments in ((), ('a',), ('--output', 'b'),
                          ('a', '--output', 'b', '--overwrite')):
            result = self.check(2, 'merge', *arguments)
            self.assertEqual(result.stdout, '')
            self.assertIn('error: ', result.stderr)
        result = self.check(2, 'merge', *self.shards, '--output',
                            self.folder / 'm', '--segment-size', '0')
        self.assertIn("'segment-size'", result.stderr)


class Look(Stored):
    """store info, store verify"""

    def test_info(self):
        part = self.unfinished(self.folder / 'part', 0)
        result = self.check(0, 'store', 'info', *self.shards, part)
        names, *rows = (line.split('  ') for line
                        in result.stdout.splitlines())
        self.assertEqual(len(rows), 4)
        self.assertEqual({len(line) for line in result.stdout.splitlines()
                          if line.endswith(('/s0', '/s1'))},
                         {len(result.stdout.splitlines()[1])})
        for k, row in enumerate(rows):
            cells = dict(zip([n.strip() for n in names if n.strip()],
                             [c.strip() for c in row if c.strip()]))
            manifest = storefiles.manifest_of((*self.shards, part)[k])
            entry = manifest['segments'][0]
            self.assertEqual(cells, {
                'model': '-', 'clusters': manifest['clusters'][:8],
                'run': 'goldrun1-7', 'n-ctx': '16',
                'shard': f'{k} of 3' if k < 3 else '-', 'batches': '1',
                'samples': '4', 'values': str(entry['values']),
                'segments': '1', 'bytes': f"{entry['size']:,}",
                'complete': 'yes' if k < 3 else 'no',
                'store': str((*self.shards, part)[k])})

    def test_info_json(self):
        part = self.unfinished(self.folder / 'part', 7)
        result = self.check(0, 'store', 'info', '--json', self.shards[1], part)
        one, other = json.loads(result.stdout)
        manifest = storefiles.manifest_of(self.shards[1])
        for name in ('model', 'clusters', 'threshold', 'n_ctx', 'modules'):
            self.assertEqual(one[name], manifest[name])
        self.assertEqual(
            [one[name] for name in ('complete', 'shard_index', 'shard_count',
                                    'run_batches', 'batches', 'samples')],
            [True, 1, 3, 3, 1, 4])
        self.assertEqual(
            [other[name] for name in ('complete', 'shard_index', 'shard_count',
                                      'run_batches', 'batches', 'bytes')],
            [False, 0, 7, None, 1,
             os.path.getsize(part / 'segment-000000.safetensors')])

    def test_info_of_what_is_no_store(self):
        for command in ('info', 'verify'):
            result = self.check(1, 'store', command, self.shards[0],
                                self.folder, self.shards[1])
            self.assertEqual(result.stderr.count('\n'), 1)
            self.assertIn(f"'{self.folder}' is no store", result.stderr)
            for folder in self.shards[:2]:
                self.assertIn(str(folder), result.stdout)

    def test_usage(self):
        for arguments in ((), ('info',), ('look', 'x'), ('verify',),
                          ('verify', '--json', 'x'), ('info', '--no', 'x')):
            self.assertEqual(self.check(2, 'store', *arguments).stdout, '')
        self.assertIn('info|verify DIR...',
                      self.check(0, 'store', '--help').stdout)

    def test_verify(self):
        result = self.check(0, 'store', 'verify', *self.shards)
        self.assertEqual(result.stdout.splitlines(),
                         [f'{folder}: fine, segments 1'
                          for folder in self.shards])
        paths = [folder / storefiles.segments(folder)[0]
                 for folder in self.shards]
        data = bytearray(paths[0].read_bytes())
        data[len(data) // 2] ^= 4
        paths[0].write_bytes(data)
        with paths[1].open('r+b') as file:
            file.truncate(100)
        paths[2].unlink()
        result = self.check(1, 'store', 'verify', *self.shards)
        self.assertEqual(result.stdout, '')
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 3)
        for line, path in zip(lines, paths):
            self.assertTrue(line.startswith('error: '), line)
            self.assertIn(str(path), line)

    def test_verify_what_a_checksum_does_not_tell(self):
        manifest = storefiles.manifest_of(self.shards[0])
        manifest['segments'][0]['values'] += 1
        (self.shards[0] / 'manifest.json').write_text(json.dumps(manifest))
        manifest = storefiles.manifest_of(self.shards[1])
        manifest['complete']['samples'] += 1
        (self.shards[1] / 'manifest.json').write_text(json.dumps(manifest))
        result = self.check(1, 'store', 'verify', *self.shards)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertIn('segment-000000', lines[0])
        self.assertIn('4 samples, expected 5', lines[1])

    def test_verify_unfinished(self):
        part = self.unfinished(self.folder / 'part')
        result = self.check(0, 'store', 'verify', part)
        self.assertEqual(result.stdout, f'{part}: fine, segments 1, '
                         'not complete\n')


class Refused(Stored):
    """A run that is another than what is stored: nothing changes."""

    def unchanged(self, folder, result, *needles):
        self.failed(result, *needles)
        self.assertEqual(content(folder), self.before)
        self.assertFalse((self.folder / 'd').exists())

    def test_other_shard(self):
        """of a store that is complete, even where shard 1 has as many samples
        as shard 0, which is there; and of one that is not"""
        unfinished = self.unfinished(self.folder / 'part', 2)
        for store, count in ((self.shards[0], 3), (unfinished, 2)):
            self.before = content(store)
            self.unchanged(store, self.run_shard(1, 1, store), store,
                           f'is of shard 0 of {count}',
                           'this stream is shard 1 of 3')

    def test_more_of_the_run(self):
        """the shard is the same, but the run has become longer"""
        part = self.folder / 'whole'
        shutil.copytree(self.shards[0], part)
        manifest = storefiles.manifest_of(part)
        manifest['shard_count'] = 1
        (part / 'manifest.json').write_text(json.dumps(manifest))
        self.before = content(part)
        self.unchanged(part, self.run_shard(1, 0, part, count=1), part,
                       'complete, as shard 0 of 1', 'batch 1')

    def test_shard_that_nobody_names(self):
        """who does not ask what is stored does not say which shard it is; a
        store knows when it is complete"""
        store = self.folder / 'unasked'
        path = self.description(
            'actdumpsrc location="${dump}" vocabulary="${dump}/vocab.json" '
            'shard-index=1 shard-count=3 skip-stored=false ! actdeadfilter '
            'threshold=0 ! actclustermax clusters="${dump}/clusters.json" '
            'run=goldrun1 iteration=7 ! actstore location="${store}"')
        arguments = ('run', '--quiet', path, f'dump={GOLDEN}/basic',
                     f'store={store}')
        self.check(0, *arguments)
        self.assertEqual(content(store), content(self.shards[1]))
        manifest = storefiles.manifest_of(store)
        manifest['complete'], manifest['segments'] = None, []
        manifest['shard_index'] = manifest['shard_count'] = 0
        (store / 'manifest.json').write_text(json.dumps(manifest))
        self.run_shard(0, 1, store)
        self.assertEqual(content(store), content(self.shards[1]))

    def test_other_run(self):
        store = self.folder / 'model-store'
        model = shutil.copytree(harness.SAMPLE, self.folder / 'model')
        run = ['run', '--quiet', 'dashboard', f'text={TEXTS[0]}',
               f'store={store}', f'output={self.folder}/d']
        settings = {'model': model, 'n-ctx': 32, 'batch-size': 8,
                    'threshold': 0.01, 'iteration': 0}
        process = [*run, *(f'{k}={v}' for k, v in settings.items())]
        self.check(0, *process, 'segment-size=2')
        shutil.rmtree(self.folder / 'd')
        lost = store / storefiles.segments(store)[-1]
        manifest = storefiles.manifest_of(store)
        manifest['segments'].pop()
        manifest['complete'] = None
        (store / 'manifest.json').write_text(json.dumps(manifest))
        lost.unlink()
        self.before = content(store)

        weights = bytearray((model / 'model.safetensors').read_bytes())
        weights[-1] ^= 1
        clusters = json.loads((model / 'clusters.json').read_text())
        first, second = list(clusters)[:2]
        clusters[first], clusters[second] = clusters[second], clusters[first]
        changes = {
            'model.safetensors': (bytes(weights), 'model ('),
            'clusters.json': (json.dumps(clusters).encode(), 'clusters ('),
            'tokenizer.json': (self.other_tokenizer(model), 'tokenizer ('),
        }
        for name, (data, needle) in changes.items():
            with self.subTest(name):
                good = (model / name).read_bytes()
                (model / name).write_bytes(data)
                result = harness.run(*process)
                (model / name).write_bytes(good)
                self.unchanged(store, result, needle, store)
        for name, value, needle in (
                ('n-ctx', 64, f"'{store}' and this stream are not of the same "
                 'run; they differ in: n-ctx (32 and 64)'),
                ('batch-size', 4, f"'{store}' and this stream are not of the "
                 'same run; they differ in: batch-size (8 and 4)'),
                ('threshold', 0.02, 'threshold (0.01 and 0.02)'),
                ('run', 'other', 'clustering run (run and other)'),
                ('reduction', 'mean', 'reduction (max and mean)'),
                ('modules', 'h.0.*', 'model (')):
            with self.subTest(name):
                changed = {**settings, name: value}
                self.unchanged(store, harness.run(
                    *run, *(f'{k}={v}' for k, v in changed.items())), needle)
        self.check(0, *process)
        self.check(0, 'store', 'verify', store)
        # nor is a dashboard made of what is complete
        shutil.rmtree(self.folder / 'd')
        self.before = content(store)
        self.unchanged(store, harness.run(*process, 'n-samples=3', 'run=other'),
                       'clustering run')

    def test_other_text(self):
        """one that is shorter, longer, or differs at any place; of a store
        that is complete and of one that is not"""
        store = self.folder / 'text-store'
        text = TEXTS[0].read_text() * 3
        words = text.split(' ')
        words[-30] += 's'
        # batches are of 8 samples of 32 tokens
        texts = {'same': text, 'shorter': text[:400], 'longer': text + text,
                 'other': TEXTS[1].read_text(), 'at the end': ' '.join(words)}
        for name, content_ in texts.items():
            (self.folder / name).write_text(content_)
        run = ['run', '--quiet', 'dashboard', *SAMPLE, f'store={store}',
               'segment-size=1', f'output={self.folder}/d']
        self.check(0, *run, f'text={self.folder}/same')
        shutil.rmtree(self.folder / 'd')
        for complete in (True, False):
            if not complete:
                manifest = storefiles.manifest_of(store)
                manifest['complete'] = None
                (store / 'manifest.json').write_text(json.dumps(manifest))
            self.before = content(store)
            for name in texts:
                if name == 'same':
                    continue
                with self.subTest(f'{name}, complete: {complete}'):
                    self.unchanged(
                        store, harness.run(*run, f'text={self.folder}/{name}'),
                        f"the store '{store}' is of another run", 'batch ',
                        'another text', 'another folder')
        self.check(0, *run, f'text={self.folder}/same')

    def test_other_text_of_a_shard(self):
        store = self.folder / 'shard-store'
        run = ['run', '--quiet', 'dashboard', *SAMPLE, f'store={store}',
               'shard-index=1', 'shard-count=2', f'output={self.folder}/d']
        self.check(0, *run, f'text={TEXTS[0]}')
        shutil.rmtree(self.folder / 'd')
        self.before = content(store)
        self.unchanged(store, harness.run(*run, f'text={TEXTS[1]}'),
                       f"the store '{store}' is of another run", 'batch ')

    def test_other_dump(self):
        """sources that jump to what is not stored look at its ends"""
        store = self.folder / 'dump-store'
        dumps = [storefiles.repeat_dump('many_values', self.folder / name, 2)
                 for name in ('dump', 'other')]
        tokens = bytearray((dumps[1] / 'tokens.npy').read_bytes())
        tokens[-8] ^= 1
        (dumps[1] / 'tokens.npy').write_bytes(tokens)
        for dump in dumps:
            arguments, _ = storefiles.dump_arguments(dump)
            run = ['run', '--quiet', 'from-dump', *arguments,
                   f'store={store}', f'output={self.folder}/d']
            if dump == dumps[0]:
                self.check(0, *run)
                shutil.rmtree(self.folder / 'd')
                self.before = content(store)
            else:
                self.unchanged(store, harness.run(*run), store,
                               'has other tokens there than here')

    def test_repair_of_another_run(self):
        """it is not this run's to repair"""
        store = self.shards[1]
        path = store / storefiles.segments(store)[0]
        path.write_bytes(path.read_bytes()[:-1])
        (store / '.segment-000009.safetensors.tmp').touch()
        self.before = content(store)
        self.store[2] = 'threshold=0.25'
        self.unchanged(store, self.run_shard(1, 1, store, 'repair=true'),
                       'threshold (0.0 and 0.25)', store)
        self.store[2] = 'threshold=0.0'
        self.run_shard(0, 1, store, 'repair=true')
        self.check(0, 'store', 'verify', store)
        self.tidy(store)

    def other_tokenizer(self, model):
        """two token strings change places"""
        document = json.loads((model / 'tokenizer.json').read_text())
        vocabulary = document['model']['vocab']
        a, b = list(vocabulary)[-4:-2]
        vocabulary[a], vocabulary[b] = vocabulary[b], vocabulary[a]
        return json.dumps(document).encode()


if __name__ == '__main__':
    harness.main()

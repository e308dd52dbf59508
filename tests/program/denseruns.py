# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs of which some batches are dense and others have hardly a value: the same
dashboard and the same segments, byte for byte, in whichever layout batches
travel, with each of the kernels; cut off and gone on with, and in shards."""

import array
import json
import os
import random
import shutil

import harness
import storefiles
from harness import content

N_SAMPLES, N_CTX, N_COMPONENTS, N_CLUSTERS = 5, 24, 37, 6
# share of values that are not 0, batch by batch
DENSITIES = [1, 1, 0.01, 1, 0.02, 0.01, 0.4, 1, 0.7, 0.01, 1, 1]
LAYOUTS = [(source, filtered) for source in ('csr', 'dense')
           for filtered in ('csr', 'dense', 'auto')]
DESCRIPTION = '''
actdumpsrc location=${dump} vocabulary=${dump}/vocab.json layout=${source}
    shard-index=${shard-index:-0} shard-count=${shard-count:-1}
! actdeadfilter threshold=${threshold} layout=${filtered}
! actcluster${reduction:-max} clusters=${dump}/clusters.json
! actstore location=${store:-} segment-size=3 component-records=true
    max-memory=${max-memory:-536870912}
! actdashboardsink location=${output} n-samples=6
    criteria=max_activation-max,mean_activation-min viewer=false
'''


def save(path, numbers, shape):
    text = repr({'descr': f'<{"f" if numbers.typecode == "f" else "i"}4',
                 'fortran_order': False, 'shape': shape})
    text += ' ' * (-(len(text) + 11) % 64) + '\n'
    path.write_bytes(b'\x93NUMPY\x01\x00' + len(text).to_bytes(2, 'little')
                     + text.encode() + numbers.tobytes())


def activations(chooser, density):
    """of one batch: some columns stay below 0.3, some values are negative, some
    zeros are negative too"""
    values = array.array('f')
    for i in range(N_SAMPLES * N_CTX * N_COMPONENTS):
        top = 0.2 if i % N_COMPONENTS % 9 == 4 else 1
        value = chooser.uniform(-0.2, top)
        zero = -0.0 if chooser.random() < 0.1 else 0.0
        values.append(value if chooser.random() < density else zero)
    return values


def make_dump(folder):
    chooser = random.Random(6)
    folder.mkdir()
    labels = [f'm:{i}' for i in range(N_COMPONENTS)]
    order = chooser.sample(labels[:-2], N_COMPONENTS - 2)
    clusters = {str(c): order[c::N_CLUSTERS] for c in range(N_CLUSTERS)}
    tokens = array.array('i', (chooser.randrange(40) for _ in range(
        len(DENSITIES) * N_SAMPLES * N_CTX)))
    (folder / 'labels.txt').write_text('\n'.join(labels) + '\n')
    (folder / 'clusters.json').write_text(json.dumps(clusters))
    (folder / 'vocab.json').write_text(json.dumps([f'w{i}' for i in range(40)]))
    save(folder / 'tokens.npy', tokens, (len(DENSITIES), N_SAMPLES, N_CTX))
    for b, density in enumerate(DENSITIES):
        save(folder / f'activations_{b:03}.npy', activations(chooser, density),
             (N_SAMPLES * N_CTX, N_COMPONENTS))
    return folder


def segment_bytes(store):
    return {name: (store / name).read_bytes()
            for name in storefiles.segments(store)}


class Dense(storefiles.Case):
    def setUp(self):
        super().setUp()
        self.dump = make_dump(self.folder / 'dump')
        self.path = self.description(DESCRIPTION)
        self.output = self.folder / 'd'
        self.store = self.folder / 'store'

    def command(self, source, filtered, *more):
        return ['run', '--quiet', self.path, f'dump={self.dump}',
                f'source={source}', f'filtered={filtered}',
                f'output={self.output}', *more]

    def dashboard(self, source, filtered, *more, **options):
        self.check(0, *self.command(source, filtered, *more), **options)
        made = content(self.output)
        shutil.rmtree(self.output)
        return made

    def test_layouts(self):
        """in memory, with little of it, and with a store; in any layout"""
        for more in (['threshold=0'], ['threshold=0.3'],
                     ['threshold=0.3', 'reduction=mean'],
                     ['threshold=0', 'reduction=sum']):
            expected = self.dashboard('csr', 'csr', *more)
            self.dashboard('csr', 'csr', *more, f'store={self.store}')
            segments = segment_bytes(self.store)
            self.assertGreater(len(segments), 3)
            shutil.rmtree(self.store)
            for layouts in LAYOUTS:
                with self.subTest(f'{more} {layouts}'):
                    for where in ([], ['max-memory=1048576'],
                                  [f'store={self.store}']):
                        made = self.dashboard(*layouts, *more, *where)
                        self.assertEqual(made, expected)
                    self.assertEqual(segment_bytes(self.store), segments)
                shutil.rmtree(self.store)

    def test_kernels(self):
        expected = self.dashboard('csr', 'csr', 'threshold=0.3')
        for kernels in ('c', 'avx2', 'avx512'):
            environment = {**os.environ, 'GST_ACTIVATIONS_CPU': kernels}
            for filtered in ('csr', 'auto'):
                with self.subTest(f'{kernels}, {filtered}'):
                    self.assertEqual(
                        self.dashboard('dense', filtered, 'threshold=0.3',
                                       env=environment), expected)

    def test_resume(self):
        """stopped by a file that is missing, wherever it is"""
        expected = self.dashboard('csr', 'csr', 'threshold=0.3')
        self.dashboard('csr', 'csr', 'threshold=0.3', f'store={self.store}')
        batches = storefiles.batches_of(self.store)
        for at in (1, 4, 6, 11):
            shutil.rmtree(self.store)
            file = self.dump / f'activations_{at:03}.npy'
            kept = file.read_bytes()
            file.write_bytes(kept[:-4])
            more = ['threshold=0.3', f'store={self.store}']
            self.check(1, *self.command('dense', 'auto', *more))
            file.write_bytes(kept)
            with self.subTest(at):
                self.assertEqual(self.dashboard('dense', 'auto', *more),
                                 expected)
                self.assertEqual(storefiles.batches_of(self.store), batches)

    def test_shards(self):
        """each in another layout"""
        whole = self.folder / 'whole'
        expected = self.dashboard('csr', 'csr', 'threshold=0.3')
        self.dashboard('csr', 'csr', 'threshold=0.3', f'store={whole}')
        for count in (2, 3, 7):
            folders = []
            for k in range(count):
                folders.append(self.folder / f'{count}-{k}')
                self.dashboard(*LAYOUTS[(k + 5) % len(LAYOUTS)], 'threshold=0.3',
                               f'shard-index={k}', f'shard-count={count}',
                               f'store={folders[-1]}')
            with self.subTest(f'{count} shards'):
                merged = self.folder / f'merged-{count}'
                self.check(0, 'merge', '--quiet', *folders, '--output', merged,
                           '--segment-size', '3')
                self.assertEqual(segment_bytes(merged), segment_bytes(whole))
                path = self.description(
                    'actstoresrc location=${stores} ! actstore '
                    'component-records=true ! actdashboardsink '
                    'location=${output} n-samples=6 viewer=false '
                    'criteria=max_activation-max,mean_activation-min', 'from')
                self.check(0, 'run', '--quiet', path,
                           f'stores={",".join(map(str, folders))}',
                           f'output={self.output}')
                self.assert_same(self.output, expected)
                shutil.rmtree(self.output)


if __name__ == '__main__':
    harness.main()

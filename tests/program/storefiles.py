# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of stores share: reading one with no code of ours, runs that
make one, and dumps to make them of."""

import array
import ast
import json
import os
import shutil
import struct

import harness

GOLDEN = harness.DATA / 'golden'
TYPES = {'I64': 'q', 'I32': 'i', 'F32': 'f', 'U8': 'B'}
SAMPLE = [f'model={harness.SAMPLE}', 'n-ctx=32', 'batch-size=8']


# --- files ---

def read_segment(path):
    """name -> array, of a .safetensors file"""
    content = path.read_bytes()
    length, = struct.unpack('<Q', content[:8])
    header = json.loads(content[8:8 + length])
    header.pop('__metadata__', None)
    tensors = {}
    for name, tensor in header.items():
        begin, end = (8 + length + at for at in tensor['data_offsets'])
        tensors[name] = array.array(TYPES[tensor['dtype']])
        tensors[name].frombytes(content[begin:end])
    return tensors


def manifest_of(folder):
    """with what its log has more"""
    manifest = json.loads((folder / 'manifest.json').read_text())
    known = {entry['file'] for entry in manifest['segments']}
    log = folder / 'segments.jsonl'
    for line in log.read_text().split('\n')[:-1] if log.exists() else ():
        entry = json.loads(line)
        if entry['file'] not in known:
            manifest['segments'].append(entry)
    return manifest


def batches_of(folder):
    """All that a store has of each batch, however it is cut into segments."""
    manifest = manifest_of(folder)
    n_ctx = manifest['n_ctx']
    n_components = sum(m['components'] for m in manifest['modules'])
    result = []
    for entry in manifest['segments']:
        segment = read_segment(folder / entry['file'])
        sample = value = 0
        for b in range(entry['batches']):
            place = segment['batches'][4 * b:4 * b + 4]
            end, stop = sample + place[2], value + place[3]
            rows = segment['indptr'][sample * n_ctx:end * n_ctx + 1]
            n_bits = (n_components + 7) // 8
            result.append((
                place.tolist(),
                segment['tokens'][sample * n_ctx:end * n_ctx].tolist(),
                [at - value for at in rows],
                segment['indices'][value:stop].tolist(),
                segment['values'][value:stop].tobytes(),
                segment['alive'][b * n_bits:(b + 1) * n_bits].tolist()))
            sample, value = end, stop
    return result


def segments(folder):
    try:
        return sorted(name for name in os.listdir(folder)
                      if name.startswith('segment-'))
    except FileNotFoundError:
        return []


# --- dumps ---

def dump_arguments(dump):
    """A golden case's own settings for from-dump."""
    params = json.loads((dump / 'params.json').read_text())
    criteria = ','.join(f"{c['property']}-{c['direction']}"
                        for c in params['criteria'])
    store = [f'dump={dump}', f'clusters={dump}/clusters.json',
             f"threshold={params['filter_dead_threshold']}",
             f"run={params['clustering_run']}",
             f"iteration={params['iteration']}"]
    return store, dashboard_arguments(params, criteria)


def dashboard_arguments(params, criteria):
    return [f"n-samples={params['n_samples']}", f'criteria={criteria}',
            f"hist-bins={params['hist_bins']}",
            f"activation-threshold={params['activation_threshold']}",
            f"top-n-tokens={params['top_n_tokens']}"]


def repeat_dump(case, folder, times):
    """A golden case several times over, as one dump."""
    golden = GOLDEN / case
    folder.mkdir()
    for name in ('clusters.json', 'vocab.json', 'labels.txt', 'params.json'):
        shutil.copyfile(golden / name, folder / name)
    tokens = (golden / 'tokens.npy').read_bytes()
    start = 10 + int.from_bytes(tokens[8:10], 'little')
    header = ast.literal_eval(tokens[10:start].decode())
    shape = (header['shape'][0] * times, *header['shape'][1:])
    text = repr({**header, 'shape': shape})
    text += ' ' * (-(len(text) + 11) % 64) + '\n'
    (folder / 'tokens.npy').write_bytes(
        tokens[:8] + len(text).to_bytes(2, 'little') + text.encode()
        + tokens[start:] * times)
    files = sorted(golden.glob('activations_*.npy'))
    for i in range(times * len(files)):
        (folder / f'activations_{i:03}.npy').symlink_to(files[i % len(files)])
    return folder


# --- runs ---

class Case(harness.Case):
    def assert_same(self, folder, expected):
        made = harness.content(folder)
        self.assertEqual(sorted(made), sorted(expected))
        for name, data in expected.items():
            self.assertTrue(made[name] == data, f'{folder}/{name} differs')

    def buffers(self, report, factory):
        """how many batches an element gave, by the run's report"""
        for step in json.loads(report.read_text())['steps']:
            if step['factory'] == factory:
                return step['buffers']
        self.fail(f'no {factory}')

    def failed(self, result, *needles):
        """exit code 1 and one line that says why"""
        self.assertEqual(result.returncode, 1,
                         result.stdout + result.stderr)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith('error: '), lines)
        for needle in needles:
            self.assertIn(str(needle), lines[0])
        return lines[0]

    def tidy(self, folder):
        """nothing in it that has only been begun"""
        self.assertEqual([name for name in os.listdir(folder)
                          if name.startswith('.')], [])

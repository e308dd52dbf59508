# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input of each kind, through the program and through gst-launch-1.0: one
clear error, a non-zero exit, nothing left behind. A case is a change to good
files and what the error must say: which file, where, what was expected."""

import json
import os
import shutil
import struct

import numpy as np

import badfiles
import harness

GOLDEN = harness.DATA / 'golden' / 'basic'
TEXT = harness.LICENCES / 'BSD'
NAN, INFINITY = float('nan'), float('inf')
# of tests/data/golden/basic
N_COMPONENTS, N_CTX, BATCH = 48, 16, 4


class Bad(harness.Case):
    def setUp(self):
        super().setUp()
        self.outputs = self.folder / 'outputs'
        self.outputs.mkdir()

    def refused(self, *arguments, needles, launch=True):
        """Both programs refuse it, and leave nothing."""
        for path in self.outputs.iterdir():
            shutil.rmtree(path)
        arguments = [*arguments, f'output={self.outputs}/d']
        result = self.check(1, 'run', '--quiet', *arguments)
        self.clean(result.stderr)
        errors = [line for line in result.stderr.splitlines()
                  if line.startswith('error: ')]
        self.assertEqual(len(errors), 1, result.stderr)
        self.assertEqual(result.stderr.count('\n'), 1, result.stderr)
        for needle in needles:
            self.assertIn(str(needle), errors[0])
        self.assertEqual(os.listdir(self.outputs), [])
        if launch:
            line = self.check(0, 'run', '--print', *arguments).stdout
            result = harness.launch(line)
            # 255 where nothing began; less than 0 would be a crash
            self.assertIn(result.returncode, (1, 255), result.stderr)
            self.clean(result.stderr)
            for needle in needles:
                self.assertIn(str(needle), result.stderr)
            self.assertEqual(os.listdir(self.outputs), [])

    def clean(self, stderr):
        for bad in ('CRITICAL', 'GLib', 'GStreamer-WARNING', 'Sanitizer',
                    'runtime error', 'core dumped'):
            self.assertNotIn(bad, stderr)

    def each(self, cases, run):
        """run (change) for each {name: (change, needles ...)}"""
        for name, (change, *needles) in cases.items():
            with self.subTest(name):
                run(change, needles)


class Model(Bad):
    """config.json, model.safetensors, tokenizer.json and clusters.json"""

    def model(self, **changed):
        """A model folder; changed: file name with _ for . -> content."""
        folder = self.folder / 'model'
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in harness.SAMPLE.iterdir():
            name = path.name.replace('.', '_')
            if name not in changed:
                (folder / path.name).symlink_to(path)
            elif isinstance(changed[name], bytes):
                (folder / path.name).write_bytes(changed[name])
            elif changed[name] is not None:
                text = changed[name]
                if not isinstance(text, str):
                    text = json.dumps(text)
                (folder / path.name).write_text(text)
        return folder

    def refused_model(self, needles, launch=True, **changed):
        self.refused('dashboard', f'model={self.model(**changed)}',
                     f'text={TEXT}', needles=needles, launch=launch)

    def json_cases(self, filename, cases):
        """Each case changes the sample's file: a function on what it holds,
        or the text itself."""
        name = filename.replace('.', '_')

        def run(change, needles):
            content = change
            if callable(change):
                content = json.loads((harness.SAMPLE / filename).read_text())
                content = change(content) or content
            self.refused_model([filename, *needles], **{name: content})
        self.each(cases, run)

    def test_any_json(self):
        for filename in ('config.json', 'tokenizer.json', 'clusters.json'):
            text = (harness.SAMPLE / filename).read_text()
            self.json_cases(filename, {
                f'{filename}: empty': ('', 'no valid JSON', 'byte 0'),
                f'{filename}: text': ('hello', 'no valid JSON', 'byte 0'),
                f'{filename}: truncated':
                    (text[:len(text) // 2], 'no valid JSON', 'byte '),
                f'{filename}: something behind':
                    (text + '{}', 'no valid JSON', 'byte '),
                f'{filename}: not UTF-8':
                    (b'{"\xff": 1}', 'UTF-8'),
                f'{filename}: very deep': ('[' * 100000, 'no valid JSON'),
                f'{filename}: a list': ('[]', 'object'),
                f'{filename}: a number': ('1', 'object'),
                f'{filename}: null': ('null', 'object'),
                f'{filename}: a key twice':
                    ('{"a": 1, "a": 2}', 'no valid JSON'),
            })
            self.refused_model([filename, 'No such file'],
                               **{filename.replace('.', '_'): None})

    def test_config(self):
        def put(**values):
            return lambda config: config.update(values)

        def module(**values):
            return lambda config: config['modules'][1].update(values)

        self.json_cases('config.json', {
            'no n_layer': (lambda c: c.pop('n_layer') and None, 'n_layer'),
            'text': (put(n_layer='two'), 'n_layer', 'number'),
            'fraction': (put(n_head=4.5), 'n_head', 'number'),
            'negative': (put(n_embd=-128), 'n_embd', 'number'),
            'zero': (put(n_head=0), 'n_head'),
            'heads': (put(n_head=3), 'n_head'),
            'key-value heads': (put(n_key_value_heads=3),
                                'n_key_value_heads'),
            'boolean': (put(mlp_bias='no'), 'mlp_bias'),
            'huge': (put(n_embd=1 << 40), 'n_embd'),
            'infinite': (put(rotary_base=0), 'rotary_base'),
            'model type': (put(model_type='Mystery'), 'Mystery',
                           'LlamaSimpleMLP'),
            'importances': (put(ci_fn_type='magic'), 'magic', 'shared_mlp'),
            'sigmoid': (put(sigmoid_type='softplus'), 'softplus',
                        'leaky_hard'),
            'hidden': (put(ci_fn_hidden_dims=['a']), 'ci_fn_hidden_dims'),
            'modules object': (put(modules={'a': 1}), 'modules'),
            'modules strings': (put(modules=['h.0.attn.q_proj']), 'modules'),
            'no modules': (put(modules=[]), 'modules'),
            'module without C': (
                lambda c: c['modules'][0].pop('C') and None, 'C'),
            'module name': (module(name='h.0.attn.x_proj'),
                            'h.0.attn.x_proj'),
            'layer': (module(name='h.7.attn.q_proj'), 'h.7.attn.q_proj'),
            'module twice': (module(name='h.0.attn.q_proj'),
                             'h.0.attn.q_proj'),
            'no components': (module(C=0), 'C'),
            'sum of components': (module(C=97), 'total_C', '1536', '1537'),
            'module sizes': (module(d_in=64), 'h.0.attn.k_proj', 'd_in'),
            'odd head': (put(n_embd=4, n_head=4), 'n_head'),
        })

    def test_config_and_weights_disagree(self):
        def changed(change):
            config = json.loads((harness.SAMPLE / 'config.json').read_text())
            change(config)
            return config

        for name, change, *needles in (
                ('vocabulary', lambda c: c.update(vocab_size=2048),
                 'target_model.wte.weight', '[1024, 128]', '[2048, 128]'),
                ('width', lambda c: (
                    c.update(n_intermediate=256),
                    [m.update({k: 256 for k in ('d_in', 'd_out')
                               if m[k] == 512}) for m in c['modules']]),
                 'c_fc', '[512, 128]', '[256, 128]'),
                ('components', lambda c: (
                    c['modules'][0].update(C=127), c.update(total_C=1535)),
                 'h-0-attn-q_proj', '[128, 128]', '[128, 127]'),
                ('hidden', lambda c: c.update(ci_fn_hidden_dims=[64]),
                 '_ci_fns', '64'),
                ('layers', lambda c: c.update(
                    n_layer=3, total_C=1544, modules=[
                        *c['modules'], {'name': 'h.2.attn.q_proj', 'C': 8,
                                        'd_in': 128, 'd_out': 128}]),
                 'has no tensor', 'h.2.')):
            with self.subTest(name):
                self.refused_model(['model.safetensors', *needles],
                                   config_json=changed(change))

    def weights(self, change):
        header, data = badfiles.read_safetensors(
            harness.SAMPLE / 'model.safetensors')
        data = bytearray(data)
        return badfiles.safetensors(change(header, data) or header,
                                    bytes(data))

    def test_header(self):
        """lying headers: lengths, overlap, holes, element types"""
        wte = 'target_model.wte.weight'

        def entry(name=wte, **values):
            return lambda header, _: header[name].update(values)

        def overlap(header, _):
            # the same bytes twice; the last bytes belong to nobody
            header['target_model.h.0.rms_1.weight']['data_offsets'] = [0, 256]

        def hole(header, data):
            del header['target_model.h.0.rms_1.weight']

        cases = {
            'overlap': (overlap, wte, 'overlaps'),
            'hole': (hole, 'hole', 'q_proj.weight', '262400', '262144'),
            'no such type': (entry(dtype='F8'), wte, 'F8', 'BF16'),
            'type is a number': (entry(dtype=16), wte, 'dtype'),
            'other type': (entry(dtype='F32'), wte, '524288', '262144'),
            'integers': (entry(dtype='I16'), wte, 'I16', 'F32'),
            'no shape': (lambda h, _: h[wte].pop('shape') and None, wte,
                         'shape'),
            'negative': (entry(shape=[-1024, -128]), wte, 'shape'),
            'overflow': (entry(shape=[1 << 62, 1 << 62]), wte),
            'offsets': (entry(data_offsets=[262144, 0]), wte, 'data_offsets'),
            'offsets beyond': (entry(data_offsets=[0, 1 << 62]), wte,
                               'data_offsets', 'only'),
            'offset as text': (entry(data_offsets=['0', '262144']), wte,
                               'data_offsets'),
            'many dimensions': (entry(shape=[1] * 5000), wte, 'dimensions'),
            'metadata': (lambda h, _: h.update(__metadata__={'a': 1}),
                         '__metadata__'),
            'tensor is a list': (lambda h, _: h.update({wte: []}), wte,
                                 'object'),
            'bytes behind': (lambda _, data: data.extend(b'1234'),
                             'bytes of data'),
            'missing tensor': (
                lambda h, _: h.update({'x': h.pop('target_model.ln_f.weight')}
                                      | {'y': h.pop(wte)}),
                'has no tensor', wte),
        }

        def run(change, needles):
            self.refused_model(['model.safetensors', *needles],
                               model_safetensors=self.weights(change))
        self.each(cases, run)

    def test_lengths(self):
        content = (harness.SAMPLE / 'model.safetensors').read_bytes()
        for name, content, *needles in (
                ('empty', b'', '0 bytes', 'expected 8'),
                ('seven bytes', content[:7], '7 bytes'),
                ('ends in the header', content[:1000], 'only 992'),
                ('ends in the data', content[:-1], 'bytes of data'),
                ('length 0', badfiles.safetensors('{}', length=0), '{'),
                ('length beyond', badfiles.safetensors('{}', length=3),
                 'only 2'),
                ('2^64 - 1', badfiles.safetensors('{}', length=2 ** 64 - 1),
                 str(2 ** 64 - 1), '100000000'),
                ('no JSON', badfiles.safetensors('{"a"'), 'no valid JSON')):
            with self.subTest(name):
                self.refused_model(['model.safetensors', *needles],
                                   model_safetensors=content)

    def test_header_over_100_mb(self):
        """It is all there, if the file has holes; nothing of it is read."""
        folder = self.model(model_safetensors=struct.pack('<Q', 150_000_000))
        os.truncate(folder / 'model.safetensors', 200_000_000)
        self.refused('dashboard', f'model={folder}', f'text={TEXT}',
                     needles=['model.safetensors', '150000000', '100000000'])

    def test_values(self):
        """NaN and infinity in weights, by tensor and place"""
        for half in (b'\x00\x7e', b'\x00\x7c', b'\x00\xfc'):
            def spoil(header, data):
                begin, _ = header['target_model.h.1.mlp.c_fc.weight'][
                    'data_offsets']
                data[begin + 10:begin + 12] = half
            self.refused_model(
                ['model.safetensors', 'target_model.h.1.mlp.c_fc.weight', '5',
                 'expected'], model_safetensors=self.weights(spoil))

    def test_tokenizer(self):
        def model(**values):
            return lambda tokenizer: tokenizer['model'].update(values)

        def vocab(**values):
            return lambda tokenizer: tokenizer['model']['vocab'].update(values)

        self.json_cases('tokenizer.json', {
            'no model': (lambda t: t.pop('model') and None, 'model'),
            'model is a list': (lambda t: t.update(model=[]), 'model'),
            'kind': (model(type='Neural'), 'Neural', 'BPE'),
            'vocab is a list': (model(vocab=['a']), 'vocab'),
            'no vocab': (lambda t: t['model'].pop('vocab') and None, 'vocab'),
            'id is text': (vocab(abc='7'), 'abc'),
            'id is negative': (vocab(abc=-1), 'abc'),
            'id is huge': (vocab(abc=1 << 40), 'abc'),
            'id twice': (vocab(abc=5), '5'),
            'merges is text': (model(merges='a b'), 'merges'),
            'merge is a number': (model(merges=[5]), 'merge'),
            'merge of three': (model(merges=[['a', 'b', 'c']]), 'merge'),
            'merge of one': (model(merges=['ab']), 'merge'),
            'merge of nothing known': (model(merges=['a \u4e00']), 'merge'),
            'normalizer': (lambda t: t.update(
                normalizer={'type': 'Nmt'}), 'Nmt'),
            'pre-tokenizer': (lambda t: t.update(
                pre_tokenizer={'type': 'UnicodeScripts'}), 'UnicodeScripts'),
            'added token': (lambda t: t.update(added_tokens=[{'id': 'a'}]),
                            'added'),
            'added tokens': (lambda t: t.update(added_tokens={}), 'added'),
        })

    def test_clusters(self):
        self.json_cases('clusters.json', {
            'none': ('{}', 'no clusters'),
            'empty cluster': ('{"3": []}', 'cluster 3', 'empty'),
            'an object': ('{"3": {}}', 'cluster 3', 'list'),
            'a number': ('{"3": [5]}', 'cluster 3', 'module:index'),
            'unknown module': ('{"3": ["h.9.attn.q_proj:0"]}',
                               'h.9.attn.q_proj:0'),
            'unknown component': ('{"3": ["h.0.attn.q_proj:128"]}',
                                  'h.0.attn.q_proj:128'),
            'no label': ('{"3": ["q_proj"]}', 'q_proj'),
            'a component twice': (
                '{"3": ["h.0.attn.q_proj:1"], "4": ["h.0.attn.q_proj:1"]}',
                'h.0.attn.q_proj:1', '3', '4'),
            'twice in one': (
                '{"3": ["h.0.attn.q_proj:1", "h.0.attn.q_proj:1"]}',
                'h.0.attn.q_proj:1', '3'),
            'id': ('{"a": ["h.0.attn.q_proj:1"]}', 'integer'),
            'same id twice': (
                '{"3": ["h.0.attn.q_proj:1"], "03": ["h.0.attn.q_proj:2"]}',
                '03'),
        })

    def test_tokens_beyond_the_model(self):
        """a tokenizer that knows more tokens than the model does"""
        tokenizer = json.loads((harness.SAMPLE / 'tokenizer.json').read_text())
        tokenizer['added_tokens'].append(
            dict(tokenizer['added_tokens'][0], id=1024, content='conditions'))
        self.refused_model(['1024'], tokenizer_json=tokenizer)


class MergeHistory(Bad):
    def refused_zip(self, needles, change=None, after=None, iteration=-1):
        path = self.folder / 'history.zip'
        members = badfiles.unzip(harness.SAMPLE / 'merge_history.zip')
        if change is not None:
            change(members)
        badfiles.write_zip(path, members)
        if after is not None:
            after(path)
        self.refused('dashboard', f'model={harness.SAMPLE}', f'text={TEXT}',
                     f'clusters={path}', f'iteration={iteration}',
                     needles=[path, *needles])

    def test_members(self):
        groups, counts = 'merge.group_idxs.npy', 'merge.k_groups.npy'

        def put(name, content):
            return lambda members: members.update({name: content})

        def drop(name):
            return lambda members: members.pop(name)

        self.each({
            'no labels': (drop('labels.txt'), 'labels.txt'),
            'no groups': (drop(groups), groups),
            'no counts': (drop(counts), counts),
            'labels empty': (put('labels.txt', b''), 'labels.txt'),
            'labels not UTF-8': (put('labels.txt', b'a:\xff\n'), 'UTF-8'),
            'labels with an empty line':
                (put('labels.txt', b'h.0.attn.q_proj:0\n\nx:1\n'), 'line 2'),
            'labels few': (put('labels.txt', b'h.0.attn.q_proj:0\n'), groups),
            'counts are no array': (put(counts, b'hello'), counts, '.npy'),
            'counts are fractions':
                (put(counts, badfiles.npy(bytes(284 * 8), "'<f8'", (284,))),
                 counts, 'F64'),
            'counts are zero':
                (put(counts, badfiles.npy(bytes(284 * 4), shape=(284,))),
                 counts, 'row 283', '0 groups'),
            'no rows': (put(counts, badfiles.npy(b'', shape=(0,))), '0 rows'),
            'groups short':
                (lambda m: m.update({groups: m[groups][:-1]}), groups,
                 'bytes of data'),
            'groups in Fortran order':
                (lambda m: m.update({groups: m[groups].replace(
                    b"'fortran_order': False", b"'fortran_order': True ")}),
                 groups, 'Fortran'),
            'group beyond':
                (lambda m: m.update({groups: m[groups][:-2] + b'\xff\x7f'}),
                 groups, '32767'),
            'group negative':
                (lambda m: m.update({groups: m[groups][:-2] + b'\xff\xff'}),
                 groups, '-1'),
        }, lambda change, needles: self.refused_zip(needles, change))

    def test_iterations(self):
        for iteration in (284, -285, 2 ** 31 - 1, -2 ** 31):
            self.refused_zip([iteration, '284 rows'], iteration=iteration)

    def test_archives(self):
        def cut(path):
            content = path.read_bytes()
            path.write_bytes(content[:len(content) // 2])

        def spoil(path):
            content = bytearray(path.read_bytes())
            content[200:2000] = bytes(1800)
            path.write_bytes(content)

        self.refused_zip(['zip'], after=cut)
        self.refused_zip([], after=spoil)
        self.refused_zip(['JSON'], after=lambda p: p.write_bytes(b'P'))
        self.refused_zip(['zip'], after=lambda p: p.write_bytes(b'PK'))

    def test_bombs(self):
        """Much of nothing: refused at the limit, which is what the other
        members let expect, with or without a lie about the size."""
        groups = 'merge.group_idxs.npy'

        def bomb(members):
            members[groups] = bytes(1 << 26)

        self.refused_zip([groups, str(1 << 26), 'at most'], bomb)
        self.refused_zip([groups], bomb, lambda path: badfiles.lie_about_size(
            path, groups, 495424))
        self.refused_zip([groups], bomb, lambda path: badfiles.lie_about_size(
            path, groups, 0))


class Tokens(Bad):
    """acttokensrc's files"""

    def refused_tokens(self, name, content, needles, *settings):
        path = self.folder / name
        path.write_bytes(content)
        self.refused('from-tokens', f'model={harness.SAMPLE}',
                     f'tokens={path}', *settings, needles=[path, *needles])

    def test_npy(self):
        good = badfiles.ints(range(32))
        for name, content, *needles in (
                ('empty', b'', '.npy'),
                ('text', b'hello world\n', 'x93NUMPY'),
                ('version 9', badfiles.npy(good, version=(9, 0)), '9.0',
                 '1.0'),
                ('version 1.7', badfiles.npy(good, version=(1, 7)), '1.7'),
                ('Fortran', badfiles.npy(good, shape=(2, 16), order=True),
                 'Fortran', 'C order'),
                ('floats', badfiles.npy(good, "'<f4'", (2, 16)), 'F32',
                 'I32'),
                ('big endian', badfiles.npy(good, "'>i4'", (2, 16)), '>i4',
                 '<i4'),
                ('objects', badfiles.npy(good, "'|O'", (2, 16)), '|O'),
                ('records', badfiles.npy(good, "[('a', '<i4')]", (2, 16)),
                 'descr'),
                ('short', badfiles.npy(good[:-1], shape=(2, 16)), '127',
                 '128'),
                ('long', badfiles.npy(good + b'x', shape=(2, 16)), '129',
                 '128'),
                ('overflow', badfiles.npy(good, shape=(2 ** 40, 2 ** 40)),
                 '.npy'),
                ('negative', badfiles.npy(good, shape=(-2, -16)), 'shape'),
                ('five dimensions', badfiles.npy(good, shape=(2, 1, 1, 1, 16)),
                 '[samples, n_ctx]'),
                ('no context', badfiles.npy(b'', shape=(3, 0)), 'tokens'),
                ('no dictionary', badfiles.npy(good, header='[1, 2]'),
                 'dictionary'),
                ('half a dictionary',
                 badfiles.npy(good, header="{'descr': '<i4', 'shape': (2,"),
                 'shape'),
                ('no order', badfiles.npy(
                    good, header="{'descr': '<i4', 'shape': (2, 16)}"),
                 'fortran_order'),
                ('lying length', b'\x93NUMPY\x01\x00\xff\xff{}', '65535'),
                ('long lying length', b'\x93NUMPY\x02\x00\xff\xff\xff\xff{}',
                 '4294967295')):
            with self.subTest(name):
                self.refused_tokens('t.npy', content, needles)

    def test_ids(self):
        for wrong in (1024, -1, 2 ** 31 - 1):
            ids = [*range(40)]
            ids[37] = wrong
            self.refused_tokens(
                't.npy', badfiles.npy(badfiles.ints(ids), shape=(2, 20)),
                ['sample 1', 'position 17', wrong, '1023'])
        self.refused_tokens('t.npy', badfiles.npy(
            struct.pack('<2q', 1, 2 ** 40), "'<i8'", (1, 2)),
            ['sample 0', 'position 1', 2 ** 40])

    def test_other_forms(self):
        good = badfiles.ints(range(32))
        self.refused_tokens('t.safetensors', badfiles.tensors(
            {'x': ('I32', [2, 16], good)}), ['tokens'])
        self.refused_tokens('t.safetensors', badfiles.tensors(
            {'tokens': ('F32', [2, 16], good)}), ['F32', 'I32'])
        self.refused_tokens('t.safetensors', badfiles.safetensors('{'),
                            ['JSON'])
        self.refused_tokens('t.bin', good, ['n-ctx'])
        self.refused_tokens('t.bin', good, ['n-ctx', '7'], 'n-ctx=7')
        self.refused_tokens('t.bin', good + b'x', ['129'], 'n-ctx=16')

    def test_beyond_the_model(self):
        """longer samples than the model's context"""
        self.refused('from-tokens', f'model={harness.SAMPLE}',
                     f'tokens={self.long_sample()}', needles=['129', '128'])

    def long_sample(self):
        path = self.folder / 'long.npy'
        path.write_bytes(badfiles.npy(badfiles.ints(range(129)),
                                      shape=(1, 129)))
        return path


class Dump(Bad):
    """actdumpsrc's folder, of .npy and of .safetensors files"""

    def dump(self):
        folder = self.folder / 'dump'
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(GOLDEN, folder,
                        ignore=shutil.ignore_patterns('expected'))
        return folder

    def refused_dump(self, folder, needles, *settings):
        self.refused('from-dump', f'dump={folder}',
                     f'clusters={GOLDEN}/clusters.json', *settings,
                     needles=needles)

    def test_files(self):
        last = 'activations_002.npy'
        shape = (BATCH * N_CTX, N_COMPONENTS)
        size = shape[0] * shape[1]

        def spoil(value, row=20, column=5):
            values = [0.0] * size
            values[row * N_COMPONENTS + column] = value
            return badfiles.npy(badfiles.floats(values), "'<f4'", shape)

        for name, filename, content, *needles in (
                ('label', 'labels.txt', b'a:0\nnonsense\n', 'line 2',
                 'nonsense', 'module:index'),
                ('label twice', 'labels.txt', b'a:0\na:0\n', 'line 2',
                 'twice'),
                ('no label', 'labels.txt', b'', 'labels.txt'),
                ('labels not UTF-8', 'labels.txt', b'\xff:0\n', 'UTF-8'),
                ('many labels', 'labels.txt',
                 (GOLDEN / 'labels.txt').read_bytes() + b'more:0\n',
                 'activations_000.npy', '[64, 48]', '[64, 49]'),
                ('labels missing', 'labels.txt', None, 'labels.txt'),
                ('tokens missing', 'tokens.npy', None, 'tokens.npy'),
                ('tokens short', 'tokens.npy', badfiles.npy(
                    bytes(4 * 127), shape=(2, 4, 16)), 'bytes of data'),
                ('tokens of two dimensions', 'tokens.npy', badfiles.npy(
                    bytes(4 * 192), shape=(12, 16)), '[12, 16]', 'n_batches'),
                ('tokens are fractions', 'tokens.npy', badfiles.npy(
                    bytes(4 * 192), "'<f4'", shape=(3, 4, 16)), 'F32'),
                ('too many batches', 'tokens.npy', badfiles.npy(
                    bytes(4 * 128), shape=(2, 4, 16)), '2', '3'),
                ('a batch lost', 'activations_001.npy', None,
                 'activations_002.npy', '1'),
                ('the last batch lost', last, None, '3', '2'),
                ('dtype', last, badfiles.npy(bytes(8 * size), "'<f8'", shape),
                 last, 'F64', 'F32'),
                ('integers', last, badfiles.npy(bytes(4 * size), shape=shape),
                 last, 'I32'),
                ('Fortran', last, badfiles.npy(
                    bytes(4 * size), "'<f4'", shape, True), last, 'Fortran'),
                ('columns', last, badfiles.npy(
                    bytes(4 * 64 * 47), "'<f4'", (64, 47)), last, '47', '48'),
                ('positions', last, badfiles.npy(
                    bytes(4 * 63 * 48), "'<f4'", (63, 48)), last, '63', '64'),
                ('truncated', last, badfiles.npy(
                    bytes(4 * size - 1), "'<f4'", shape), last,
                 'bytes of data'),
                ('NaN', last, spoil(NAN), last, 'batch 2', 'sample 9',
                 'position 4', "'h.0.attn.q_proj:5'", 'NaN', 'finite'),
                ('infinity', last, spoil(-INFINITY, 63, 0), last, 'batch 2',
                 'sample 11', 'position 15', "'h.0.attn.q_proj:0'",
                 'infinite'),
                ('info', 'dump.json', b'[]', 'dump.json', 'object'),
                ('info value', 'dump.json', b'{"vocab_size": "x"}',
                 'dump.json', 'vocab_size'),
                ('vocabulary', 'vocab.json', b'"x"', 'vocab.json'),
                ('vocabulary of numbers', 'vocab.json', b'[1, 2]',
                 'vocab.json'),
                ('vocabulary, no number', 'vocab.json', b'{"a": "b"}',
                 'vocab.json', "'a'"),
                ('vocabulary, negative', 'vocab.json', b'{"a": -1}',
                 'vocab.json', "'a'"),
                ('vocabulary, id twice', 'vocab.json', b'{"a": 1, "b": 1}',
                 'vocab.json', '1'),
                ('vocabulary with half a surrogate pair', 'vocab.json',
                 b'["a\\ud800b"]', 'vocab.json', 'surrogate', 'byte 9'),
                ('small vocabulary', 'vocab.json', b'["a", "b"]',
                 'batch 0', 'sample 0', 'vocabulary', '0 to 1')):
            folder = self.dump()
            if content is None:
                (folder / filename).unlink()
            else:
                (folder / filename).write_bytes(content)
            with self.subTest(name):
                self.refused_dump(folder, needles)

    def test_one_huge_cluster(self):
        """counts of every two members would not fit in memory"""
        folder = self.folder / 'dump'
        folder.mkdir()
        labels = [f'h.0.mlp.c_fc:{i}' for i in range(16385)]
        (folder / 'labels.txt').write_text('\n'.join(labels) + '\n')
        (folder / 'vocab.json').write_text('["a", "b"]')
        (folder / 'clusters.json').write_text(json.dumps({'7': labels}))
        np.save(folder / 'tokens.npy', np.zeros((1, 1, 2), np.int32))
        np.save(folder / 'activations_000.npy',
                np.ones((2, len(labels)), np.float32))
        settings = (f'dump={folder}', f'clusters={folder}/clusters.json')
        self.refused('from-dump', *settings, needles=[
            "'run-0-7' has 16385 members", '16384', 'component-records=false'])
        self.check(0, 'run', '--quiet', 'from-dump', *settings,
                   f'output={self.outputs}/d', 'facts=false')

    def test_no_dump(self):
        self.refused_dump('/no/such/folder', ['/no/such/folder'],
                          f'vocabulary={GOLDEN}/vocab.json')
        self.refused_dump(self.outputs, ['no dump', 'tokens.npy'],
                          f'vocabulary={GOLDEN}/vocab.json')
        self.refused_dump(GOLDEN / 'vocab.json', ['vocab.json'],
                          f'vocabulary={GOLDEN}/vocab.json')

    def safetensors_dump(self, change, batch=1):
        """three batches of two samples of four tokens, modules a and b"""
        folder = self.folder / 'dump'
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(GOLDEN / 'vocab.json', folder)
        for i in range(3):
            contents = {'tokens': ('I32', [2, 4], badfiles.ints(range(8))),
                        'a': ('F32', [2, 4, 2], bytes(64)),
                        'b': ('F16', [2, 4, 1], bytes(16))}
            metadata = {'modules': '["a", "b"]'}
            if i == batch:
                change(contents, metadata)
            (folder / f'b{i}.safetensors').write_bytes(
                badfiles.tensors(contents, metadata))
        (folder / 'c.json').write_text('{"1": ["a:0", "b:0"]}')
        return folder

    def test_safetensors(self):
        def put(name, *tensor):
            return lambda contents, _: contents.update({name: tensor})

        def tokens(n_ctx):
            def change(contents, _):
                contents.update(
                    tokens=('I32', [2, n_ctx], badfiles.ints(range(2 * n_ctx))),
                    a=('F32', [2, n_ctx, 2], bytes(n_ctx * 16)),
                    b=('F16', [2, n_ctx, 1], bytes(n_ctx * 4)))
            return change

        for name, change, *needles in (
                ('tokens missing', lambda c, _: c.pop('tokens'),
                 "no tensor 'tokens'"),
                ('module missing', lambda c, _: c.pop('b'), "no tensor 'b'",
                 '[2, 4, 1]'),
                ('module too many', put('c', 'F32', [1], bytes(4)),
                 'more tensors'),
                ('columns', put('a', 'F32', [2, 4, 3], bytes(96)),
                 "tensor 'a'", '[2, 4, 3]', '[2, 4, 2]'),
                ('type', put('a', 'I32', [2, 4, 2], bytes(64)), "tensor 'a'",
                 'I32', 'F32'),
                ('sequence length changes', tokens(5), '[2, 5]', 'n_ctx'),
                ('labels change', lambda _, m: m.update(modules='["b", "a"]'),
                 'modules', 'differs'),
                ('tokens are fractions',
                 put('tokens', 'F32', [2, 4], bytes(32)), 'F32'),
                ('id', put('tokens', 'I32', [2, 4], badfiles.ints(
                    [0, 1, 2, 3, 4, 5, 99999, 7])), 'batch 1', 'sample 3',
                 'position 2', '99999'),
                ('NaN', put('b', 'F16', [2, 4, 1], bytes(8) + b'\x00\x7e'
                            + bytes(6)), 'batch 1', 'sample 3', 'position 0',
                 "'b:0'", 'NaN'),
                ('hole in the padding', put(
                    'tokens', 'I32', [2, 4], badfiles.ints([-1] * 4 + [1] * 4)),
                 'row 0')):
            folder = self.safetensors_dump(change)
            with self.subTest(name):
                self.refused('from-dump', f'dump={folder}',
                             f'clusters={folder}/c.json',
                             needles=needles if name == 'id' else
                             ['b1.safetensors', *needles])

    def test_columns_are_not_said(self):
        for text in ('{}', '[]', '[1]', '["a", "a"]', '["c"]', 'x'):
            folder = self.safetensors_dump(
                lambda _, metadata: metadata.update(modules=text), 0)
            self.refused('from-dump', f'dump={folder}',
                         f'clusters={folder}/c.json',
                         needles=['b0.safetensors'])
        folder = self.safetensors_dump(
            lambda _, metadata: metadata.clear(), 0)
        self.refused('from-dump', f'dump={folder}',
                     f'clusters={folder}/c.json',
                     needles=['b0.safetensors', 'labels.txt'])


class Text(Bad):
    def refused_text(self, content, needles, *settings, name='t.txt'):
        path = self.folder / name
        path.write_bytes(content)
        self.refused('dashboard', f'model={harness.SAMPLE}', f'text={path}',
                     *settings, needles=[path, *needles])

    def test_utf8(self):
        self.refused_text(b'good\n' * 1000 + b'b\xffad', ['5001', 'UTF-8'])
        self.refused_text(b'cut \xe2\x82', ['4', 'UTF-8'])

    def test_jsonl(self):
        good = b'{"text": "a"}\n'
        for bad, *needles in (
                (b'{"text": 5}', 'text', 'string'),
                (b'{"other": "a"}', 'text'),
                (b'["a"]', 'object'),
                (b'{"text": "a"', 'JSON'),
                (b'hello', 'JSON'),
                (b'{"text": "\xff"}', 'UTF-8')):
            with self.subTest(bad):
                self.refused_text(good + bad + b'\n', ['line 2', *needles],
                                  name='t.jsonl')

    def test_no_text(self):
        self.refused('dashboard', f'model={harness.SAMPLE}',
                     'text=/no/such/file', needles=['/no/such/file'])
        self.refused('dashboard', f'model={harness.SAMPLE}',
                     f'text={self.folder}/*.nothing', needles=['nothing'])


if __name__ == '__main__':
    harness.main()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names and tokens that would be markup, or turn the line round, are text; and
what the three kinds of vocabularies stand for; and runs that lack something."""
import json
import unittest

import browser

SCRIPT = '<script>window.hit = 1</script>'
IMAGE = '"><img src=x onerror="window.hit = 1">'
RUN = '<b onclick=hit>&amp;|x/?#%41'
GOLDEN = browser.DATA / 'golden' / 'basic'


class Hostile(browser.Case):
    @classmethod
    def make(cls, output):
        cls.tokens = [SCRIPT, IMAGE, '\u202eturned', 'שלום', '日本語', '\u0120', '\u0000', "'", '</script>', '<!--',
                      '\U0001f600']
        size = len(json.loads((GOLDEN / 'vocab.json').read_text()))
        vocabulary = output.parent / 'vocab.json'
        strings = [cls.tokens[i] if i < len(cls.tokens) else f'{SCRIPT}{i}' for i in range(size)]
        vocabulary.write_text(json.dumps(strings))
        browser.run('run', '--quiet', 'from-dump', f'dump={GOLDEN}', f'clusters={GOLDEN}/clusters.json',
                    f'vocabulary={vocabulary}', f'run={RUN}', f'output={output}')

    def nothing_ran(self):
        self.assertIsNone(self.page.evaluate('window.hit || null'))
        self.assertEqual(self.texts('main img, main script, main b'), [])

    def test_pages(self):
        name = self.lines[0]['cluster_hash']
        label = self.lines[0]['components'][0]['label']
        self.assertIn(RUN, name)
        for route in ('', '#/clusters', browser.cluster_route(name), browser.cluster_route(name) + '?window=all',
                      '#/component/' + label.replace(':', '%3A'), '#/search?q=' + '%3Cscript%3E'):
            self.open(route)
            self.nothing_ran()
        self.open(browser.cluster_route(name) + '?window=all')
        self.assertEqual(self.text('h1 bdi'), name)
        self.assertIn('<script>', ''.join(self.texts('.tok')))

    def test_address_is_text(self):
        self.open('#/cluster/' + '%22%3E%3Cimg%20src%3Dx%20onerror%3D%22hit%3D1%22%3E')
        self.assertIn('<img src=x', self.text('[role=alert]'))
        self.open('#/clusters?q=' + '%3Cimg%20src%3Dx%3E')
        self.assertEqual(self.page.input_value('#filter'), '<img src=x>')
        self.nothing_ran()

    def test_policy_refuses_what_is_inline(self):
        self.open()
        self.page.evaluate('''() => {
          const script = document.createElement ('script');
          script.textContent = 'window.hit = 1';
          document.body.append (script);
        }''')
        self.nothing_ran()
        self.assertEqual(len(self.wrong), 1)
        self.assertIn('Content Security Policy', self.wrong.pop())

    def kinds(self, kind, strings):
        """what tokens read as: the text in a line, and by itself"""
        return self.page.evaluate('''([kind, strings]) => {
          Act.tokens.use (kind);
          Act.tokens.learn (strings);
          return [Act.tokens.habit (), strings.map ((_, i) => {
            const made = document.createElement ('p');
            made.append (...Act.tokens.running (Act.tokens.of (i)).flat ());
            return [made.textContent, Act.tokens.chip (Act.tokens.of (i)).textContent];
          })];
        }''', [kind, strings])

    def test_vocabularies(self):
        self.open()
        self.assertEqual(self.kinds('bytes', ['\u0120the', '\u010a', '\u0109', '\u0120\u0120', '\u00c3\u00a9', '\u00e2\u0122',
                                     '<|endoftext|>']),
                         ['bytes', [[' the', '␣the'], ['↵\n', '↵'], ['⇥', '⇥'], ['␣␣', '␣␣'], ['é', 'é'], ['E280', 'E280'],
                                    ['<|endoftext|>', '<|endoftext|>']]])
        self.assertEqual(self.kinds('pieces', ['the', '##ing', '[CLS]', '##']),
                         ['pieces', [['the', 'the'], ['ing', '##ing'], ['[CLS]', '[CLS]'], ['##', '##']]])
        self.assertEqual(self.kinds('meta', ['\u2581of', '<0x0A>', '<0xE2>', '</s>', 'x']),
                         ['meta', [[' of', '␣of'], ['↵\n', '↵'], ['E2', 'E2'], ['</s>', '</s>'], ['x', 'x']]])
        self.assertEqual(self.kinds('plain', ['a b', '\u202eb', '\u0000']),
                         ['plain', [['a b', 'a␣b'], ['U+202Eb', 'U+202Eb'], ['␀', '␀']]])

    def test_lines_keep_their_direction(self):
        name = self.lines[0]['cluster_hash']
        self.open(browser.cluster_route(name) + '?window=all')
        found = self.page.eval_on_selector_all('.tok', 'list => list.map (e => getComputedStyle (e).unicodeBidi)')
        self.assertEqual(set(found), {'isolate'})
        first = self.page.eval_on_selector_all('.sample:first-child .tok', '''list => list.map (e => {
          const { left, top } = e.getClientRects ()[0]; return [Math.round (top / 8), left]; })''')
        for (top, left), (next_top, next_left) in zip(first, first[1:]):
            self.assertTrue(next_top > top or next_left >= left, (left, next_left))

    def test_long_pattern(self):
        """globs are linear, whatever the pattern"""
        self.open()
        took = self.page.evaluate('''() => {
          const test = Act.query.glob ('*a'.repeat (60) + '*b');
          const start = performance.now ();
          const found = [test ('a'.repeat (5000)), test ('a'.repeat (100) + 'b'), test ('xb')];
          return [found, performance.now () - start];
        }''')
        self.assertEqual(took[0], [False, True, False])
        self.assertLess(took[1], 1000)


class Sparse(browser.Case):
    """a run without records of components, and one in which nothing was active"""

    @classmethod
    def make(cls, output):
        cls.from_dump(output, 'component-records=false')
        cls.from_dump(output.parent / 'silent', 'threshold=1000')

    @staticmethod
    def from_dump(output, *settings):
        browser.run('run', '--quiet', 'from-dump', f'dump={GOLDEN}', f'clusters={GOLDEN}/clusters.json',
                    f'output={output}', *settings)

    def test_without_components(self):
        name = self.lines[0]['cluster_hash']
        label = self.lines[0]['components'][0]['label']
        self.open()
        self.assertNotIn('Activation mass', self.texts('h2'))
        self.open(browser.cluster_route(name) + '?pick=0')
        self.assertGreater(len(self.texts('.sample .tok')), 0)
        self.assertIn('no records of components', self.text('main'))
        self.open('#/component/' + label.replace(':', '%3A'))
        self.assertIn('no records of components', self.text('.notice'))

    def test_without_details_of_components(self):
        """what is shown of the cluster, then, and it says so"""
        output = self.output.parent / 'undetailed'
        self.from_dump(output, 'component-details=false')
        label = self.lines[0]['components'][0]['label']
        self.base = (output / 'index.html').as_uri()
        self.open('#/component/' + label.replace(':', '%3A'))
        self.assertGreater(len(self.texts('.sample .tok')), 0)
        self.assertIn('samples that are shown of its cluster', self.text('main'))

    def test_silent(self):
        self.base = (self.output.parent / 'silent' / 'index.html').as_uri()
        self.open()
        self.assertIn('No cluster was ever active', self.text('main'))
        self.open('#/clusters')
        self.assertEqual(self.text('.title .note'), '0 clusters')
        self.open('#/search?q=the')
        self.assertIn('Nothing found', self.text('.notice'))

    def test_what_was_left_while_it_loaded(self):
        name = self.lines[0]['cluster_hash']
        self.open()
        self.page.evaluate('''hash => {
          location.hash = hash;
          setTimeout (() => { location.hash = '#/clusters?q=size%3E0&sort=-size'; });
        }''', browser.cluster_route(name))
        self.shown('clusters')
        self.page.wait_for_selector('[data-q="size>0"]')
        self.assertTrue(self.page.url.endswith('#/clusters?q=size%3E0&sort=-size'), self.page.url)


if __name__ == '__main__':
    unittest.main(verbosity=2)

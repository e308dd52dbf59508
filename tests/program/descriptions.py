# SPDX-License-Identifier: LGPL-2.1-or-later
"""Description files: comments, variables, and values that must not be read as
syntax."""

import json
import os
import random
import subprocess

import harness

AWKWARD = [
    'plain', '', ' ', '  leading and trailing  ', 'a b', 'a ! b', '!', '#',
    'a # b', '#a', '"', '""', '"quoted"', 'a"b', "it's", "''", '\\', 'a\\',
    'a\\\\', '\\ ', 'a\\ b', '\\"', 'a\\"', '"\\', 'a\\b"c d"', '\\n', '\\101',
    'two\nlines', 'tab\tbed', '${n}', '${', '$', '}', 'a}b', '(x)', '{x}',
    '<a,b>', '[1,2]', 'a=b', 'a,b;c:d', '(string)x', '%s%n', '*?~', '`id`',
    '$(id)', 'ümläut', 'Ġthe', '漢字', '🙂', 'e\u0301', '\u00a0', '\x01', '\x7f',
    'x' * 5000, '--help', '-1', '0x10', 'true', 'NULL', '/', '../..',
]


class Values(harness.Case):
    def value_of(self, path, *arguments):
        """the other element's property, as the pipeline was given it"""
        report = self.folder / 'report.json'
        self.check(0, 'run', path, '--quiet', '--report', report, *arguments)
        for element in json.loads(report.read_text())['settings']:
            if element['factory'] == 'filesink':
                return element['location']
        self.fail('no filesink')

    def settings(self, path, *arguments):
        report = self.folder / 'report.json'
        self.check(0, 'run', path, '--quiet', '--report', report, *arguments)
        return [e['element'] for e in
                json.loads(report.read_text())['settings']]

    def test_awkward_values(self):
        # an element's name is a string property; a quoted one follows, since
        # a badly closed value would swallow the text up to its quote
        for form, prefix, suffix in (
                ('name=${x}', '', ''), ('name="${x}"', '', ''),
                ('name="a ${x} b"', 'a ', ' b'), ('name="/${x}"', '/', ''),
                ('name=${x}/y', '', '/y'), ('name = ${x}', '', ''),
                ('name= "${x}"', '', '')):
            path = self.description(
                f'fakesrc num-buffers=1 ! identity {form} ! # "comment"\n'
                'fakesink name="last one"')
            for value in AWKWARD:
                expected = prefix + value + suffix
                if expected == '':
                    continue  # an element must have a name
                with self.subTest(form=form, value=value):
                    names = self.settings(path, 'x=' + value)
                    self.assertEqual(names[1:], [expected, 'last one'])

    def test_random_values(self):
        chooser = random.Random(1)
        alphabet = 'ab1 "\\\'!#${}()=,;:.\n\tä漢🙂<>[]'
        values = [str(number) + ''.join(chooser.choices(alphabet, k=12))
                  for number in range(100)]
        values += [''.join(chooser.choices(alphabet, k=12)) + str(number)
                   for number in range(100)]
        path = self.description('fakesrc num-buffers=1 ' + ' '.join(
            f'! identity name=${{v{i}}}' for i in range(200)) + ' ! fakesink')
        names = self.settings(
            path, *(f'v{i}={value}' for i, value in enumerate(values)))
        self.assertEqual(names[1:-1], values)

    def test_empty_value(self):
        path = self.description('fakesrc num-buffers=1 ! '
                                'filesink location="/dev/null${x:-y}"')
        self.assertEqual(self.value_of(path, 'x='), '/dev/null')

    def test_print_goes_through_gst_launch(self):
        path = self.description(
            '# writes a byte\nfakesrc num-buffers=1 sizetype=2 sizemax=1\n'
            '  ! filesink location="${dir}/${file}" # end\n')
        for value in ('a b', 'a ! b # c', '"', 'it\'s', 'a\\', 'ümläut',
                      '"q"', '$HOME `id` \\101'):
            with self.subTest(value=value):
                line = self.check(0, 'run', '--print', path,
                                  f'dir={self.folder}', f'file={value}').stdout
                self.assertEqual(line.count('\n'), 1)
                result = harness.launch(line)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertTrue((self.folder / value).exists())

    def test_shell_evaluates_print(self):
        path = self.description('fakesrc num-buffers=1 sizetype=2 sizemax=1 ! '
                                'filesink location="${dir}/a \'b\' ! $x"')
        line = self.check(0, 'run', '--print', path,
                          f'dir={self.folder}').stdout
        subprocess.run(['sh', '-c', 'gst-launch-1.0 -q ' + line], check=True,
                       env=harness.launch_environment(),
                       timeout=harness.TIMEOUT)
        self.assertTrue((self.folder / "a 'b' ! $x").exists())

    def test_not_utf8(self):
        path = self.description('fakesrc num-buffers=1 name=${x} ! fakesink')
        result = self.check(2, 'run', path, os.fsdecode(b'x=\xff'))
        self.assertIn('UTF-8', result.stderr)


class Syntax(harness.Case):
    def words(self, text, *arguments):
        path = self.description(text)
        return self.check(0, 'run', '--print', path, *arguments).stdout.strip()

    def test_comments(self):
        self.assertEqual(
            self.words('# first ! "\nfakesrc # ${no} "\n  ! fakesink name=a#b '
                       '# end'), 'fakesrc ! fakesink \'name=a#b\'')
        self.assertEqual(self.words('fakesrc ! fakesink name="a # b"'),
                         'fakesrc ! fakesink \'name="a # b"\'')

    def test_defaults(self):
        text = 'a x=${x:-1} y=${y:-${x}/b} z=${z:-} e=${e:-a\\}b}'
        self.assertEqual(self.words(text), "a x=1 y=1/b 'z=\"\"' 'e=\"a}b\"'")
        self.assertEqual(self.words(text, 'x=2'),
                         "a x=2 y=2/b 'z=\"\"' 'e=\"a}b\"'")
        self.assertEqual(self.words(text, 'y=3', 'z=4', 'e=5'),
                         'a x=1 y=3 z=4 e=5')

    def test_default_counts_everywhere(self):
        self.assertEqual(self.words('a b=${x} c=${x:-7}'), 'a b=7 c=7')
        result = self.check(1, 'run', '--print',
                            self.description('a b=${x:-1} c=${x:-2}'))
        self.assertIn("has the default '2' here and '1' before",
                      result.stderr)

    def test_escaped_dollar_is_no_variable(self):
        self.assertEqual(self.words('a b=\\${x}'), "a 'b=\\${x}'")

    def test_element_by_variable(self):
        text = 'fakesrc ! ${step:-identity} ! fakesink'
        self.assertEqual(self.words(text, 'step=queue'),
                         'fakesrc ! queue ! fakesink')
        for bad in ('a b', 'queue ! tee', '', 'a"', '#', 'x=1'):
            with self.subTest(bad=bad):
                result = self.check(2, 'run', '--print',
                                    self.description(text), 'step=' + bad)
                self.assertIn('one plain word', result.stderr)

    def test_broken(self):
        for text, message in (
                ('a b=${', 'line 1'), ('a\n b=${x', 'line 2'),
                ('a b=${1}', '${name}'), ('a b=${x+1}', '${name:-default}'),
                ('a b=${x:=1}', '${name:-default}'), ('a b=${}', '${name}'),
                ('a b="c', 'not closed'), ('', 'no pipeline'),
                ('# only\n', 'no pipeline'),
                ('a b=${x:-${y:-${x}}}', 'back to itself')):
            with self.subTest(text=text):
                result = self.check(1, 'run', '--print',
                                    self.description(text))
                self.assertIn(message, result.stderr)
                self.assertEqual(result.stderr.count('\n'), 1)

    def test_not_text(self):
        for content in (b'fakesrc ! \xff', b'fakesrc\0 ! fakesink'):
            path = self.folder / 'bad.pipeline'
            path.write_bytes(content)
            self.assertIn('UTF-8', self.check(1, 'run', path).stderr)


class Files(harness.Case):
    def test_shipped_folder(self):
        self.description('# Does nothing\nfakesrc num-buffers=1 ! fakesink',
                         'nothing.pipeline')
        env = dict(os.environ, GST_ACTIVATIONS_PIPELINES=str(self.folder))
        for name in ('nothing', 'nothing.pipeline'):
            self.check(0, 'run', name, env=env)
        listing = self.check(0, 'run', '--list', env=env).stdout
        self.assertEqual(listing.split(maxsplit=1),
                         ['nothing', 'Does nothing\n'])

    def test_as_given_comes_first_and_folders_do_not_count(self):
        self.description('# Shipped\nfakesrc num-buffers=1 ! fakesink',
                         'nothing.pipeline')
        here = self.folder / 'here'
        (here / 'nothing').mkdir(parents=True)
        env = dict(os.environ, GST_ACTIVATIONS_PIPELINES=str(self.folder))
        self.check(0, 'run', 'nothing', env=env, cwd=here)
        (here / 'nothing').rmdir()
        (here / 'nothing').write_text('fakesrc num-buffers=${must}')
        self.check(2, 'run', 'nothing', env=env, cwd=here)

    def test_not_there(self):
        result = self.check(2, 'run', 'no-such')
        self.assertIn("no pipeline description 'no-such'", result.stderr)

    def test_variables_of_one(self):
        path = self.description('a b=${x} c=${yy:-2}')
        self.assertEqual(self.check(0, 'run', '--list', path).stdout,
                         '  x   must be given\n  yy  default: 2\n')


if __name__ == '__main__':
    harness.main()

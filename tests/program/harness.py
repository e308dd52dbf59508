# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the command line share."""

import contextlib
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from folders import content

DATA = pathlib.Path(os.environ['ACT_TEST_DATA'])
SAMPLE = pathlib.Path(os.environ['ACT_TEST_SAMPLE'])
PIPELINES = pathlib.Path(os.environ['GST_ACTIVATIONS_PIPELINES'])
LICENCES = pathlib.Path('/usr/share/common-licenses')

PROGRAM = 'gst-activations'
TIMEOUT = 120
PATIENCE = 5


def run(*arguments, **options):
    """Runs the program; gives its exit code and both outputs as text."""
    options.setdefault('timeout', TIMEOUT)
    return subprocess.run([PROGRAM, *map(os.fspath, arguments)], text=True,
                          capture_output=True, **options)


def launch_environment():
    """What a program needs that is not built like the plugins it loads."""
    environment = dict(os.environ)
    preload = environment.get('ACT_TEST_PRELOAD')
    if preload:
        environment['LD_PRELOAD'] = preload
        environment['ASAN_OPTIONS'] = 'detect_leaks=0'
    return environment


def said_error(errors):
    # not read (): the process writes at the same place in the file
    size = os.fstat(errors.fileno()).st_size
    text = os.pread(errors.fileno(), size, 0)
    return re.search(rb'^ERROR: ', text, re.MULTILINE) is not None


def end_of(process, errors, limit):
    """Waits for gst-launch-1.0 and gives its exit code.

    Version 1.22 quits its main loop from the streaming thread; where an error
    comes before the loop runs the quit is lost, and it waits for ever. So one
    that still runs well after it said ERROR is interrupted, which makes it
    clean up, and has failed. What does not end then either hangs elsewhere,
    or has crashed: it keeps a crash for a debugger.
    """
    deadline = time.monotonic() + limit
    failed = False
    while True:
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            if failed:
                break
            if time.monotonic() > deadline:
                raise
            failed = said_error(errors)
    process.send_signal(signal.SIGINT)
    process.wait(limit)
    return 1


def launch(line, timeout=TIMEOUT, **options):
    """Runs gst-launch-1.0 on what --print gave, as a shell would."""
    options.setdefault('env', launch_environment())
    command = ['gst-launch-1.0', '-q', *shlex.split(line)]
    # files, unlike pipes, are never full
    with tempfile.TemporaryFile('w+', errors='replace') as output, \
            tempfile.TemporaryFile('w+', errors='replace') as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors,
                                   **options)
        try:
            code = end_of(process, errors, timeout)
        except subprocess.TimeoutExpired as hang:
            errors.seek(0)
            raise AssertionError(f'{line}: no end\n{errors.read()}') from hang
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(command, code, output.read(),
                                           errors.read())


@contextlib.contextmanager
def start_launch(line, *options):
    """Starts gst-launch-1.0; what it prints is text from its stdout. One that
    has not ended in time is killed, so that reading from it ends."""
    with subprocess.Popen(['gst-launch-1.0', *options, *shlex.split(line)],
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          env=launch_environment()) as process:
        timer = threading.Timer(TIMEOUT, process.kill)
        timer.start()
        try:
            yield process
            process.wait()
        finally:
            timer.cancel()
            process.kill()


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='act-program-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def description(self, text, name='test.pipeline'):
        path = self.folder / name
        path.write_text(text, encoding='utf-8')
        return path

    def check(self, code, *arguments, **options):
        result = run(*arguments, **options)
        self.assertEqual(result.returncode, code,
                         f'{arguments}\n{result.stdout}\n{result.stderr}')
        return result


def main():
    unittest.main(verbosity=2)

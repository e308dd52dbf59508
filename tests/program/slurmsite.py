# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Slurm of Debian's packages, all on this host: its controller, and nodes that
differ by their ports. Started and stopped by the test, in a folder of its own,
with a key of its own."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

PROGRAMS = ('munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol',
            'sinfo')
PATIENCE = 60


def why_not():
    """why there can be none here; None if there can"""
    path = os.environ['PATH'] + ':/usr/sbin:/sbin'
    missing = [p for p in PROGRAMS if shutil.which(p, path=path) is None]
    if missing:
        return f'no {", ".join(missing)}: apt-get install slurm-wlm munge'
    return None


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(('127.0.0.1', 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def parent_of(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return int(file.read().rsplit(')', 1)[1].split()[1])
    except OSError:
        return 0


def name_of(pid):
    try:
        with open(f'/proc/{pid}/comm') as file:
            return file.read()
    except OSError:
        return ''


def children_of(pid):
    """those that live, of any depth"""
    found = []
    for entry in filter(str.isdigit, os.listdir('/proc')):
        if parent_of(entry) == pid:
            found += [int(entry), *children_of(int(entry))]
    return found


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Site:
    def __init__(self, folder, n_nodes=4):
        self.folder = folder / 'slurm'
        self.nodes = [f'n{i}' for i in range(n_nodes)]
        self.processes = {}
        for name in ('state', 'spool', 'log', 'munge'):
            (self.folder / name).mkdir(parents=True)
        os.chmod(self.folder / 'munge', 0o755)
        self.environment = {
            **os.environ, 'SLURM_CONF': str(self.folder / 'slurm.conf'),
            'PATH': os.environ['PATH'] + ':/usr/sbin:/sbin'}
        self.write_conf()

    def write_conf(self):
        port, *ports = free_ports(1 + len(self.nodes))
        host = socket.gethostname().split('.')[0]
        user = getpass.getuser()
        lines = f'''
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={self.folder}/munge/socket,cred_expire=5
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool/%n
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd-%n.pid
SlurmctldLogFile={self.folder}/log/slurmctld
SlurmdLogFile={self.folder}/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/linear
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
SlurmdParameters=config_overrides
SlurmdTimeout=5
SlurmctldTimeout=30
KillWait=5
MinJobAge=300
ReturnToService=2
PluginDir=/usr/lib/{os.uname().machine}-linux-gnu/slurm-wlm
'''.lstrip()
        for name, p in zip(self.nodes, ports):
            lines += (f'NodeName={name} NodeHostname={host} '
                      f'NodeAddr=127.0.0.1 Port={p} CPUs=1 RealMemory=1000\n')
        lines += (f'PartitionName=all Nodes={",".join(self.nodes)} '
                  'Default=YES State=UP MaxTime=INFINITE\n')
        (self.folder / 'slurm.conf').write_text(lines)

    # --- programs ---

    def spawn(self, name, *command):
        with (self.folder / 'log' / f'{name}.out').open('w') as log:
            self.processes[name] = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log,
                cwd=self.folder, start_new_session=True)

    def start(self):
        # a test that is ended from outside cleans up too
        signal.signal(signal.SIGTERM, lambda *_: sys.exit('ended'))
        key = self.folder / 'munge' / 'key'
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        munge = self.folder / 'munge'
        self.spawn('munged', 'munged', '--foreground', '--force',
                   f'--key-file={key}', f'--socket={munge}/socket',
                   f'--pid-file={munge}/pid', f'--log-file={munge}/log',
                   f'--seed-file={munge}/seed')
        self.wait(lambda: (munge / 'socket').exists(), 'munged')
        self.spawn('slurmctld', 'slurmctld', '-D', '-c')
        for node in self.nodes:
            self.start_node(node)
        self.wait(lambda: self.run('sinfo', '-h', '-t', 'idle', '-o', '%D')
                  .strip() == str(len(self.nodes)), 'idle nodes')

    def start_node(self, node):
        self.spawn(node, 'slurmd', '-D', '-N', node)

    def kill_node(self, node):
        """as a power cut would: the node, and all that runs on it"""
        process = self.processes.pop(node)
        keepers = {process.pid}
        victims = {process.pid, *children_of(process.pid)}
        # what keeps a job is no child of the node's program
        for pid in self.find(f'SLURMD_NODENAME={node}'):
            victims |= {pid, *children_of(pid)}
            parent = parent_of(pid)
            if name_of(parent).startswith('slurmstepd'):
                keepers.add(parent)
        # all at once: who keeps a job is not to report its death
        for pid in keepers:
            kill(pid, signal.SIGSTOP)
        for pid in victims | keepers:
            kill(pid)
        process.wait()

    def find(self, *variables):
        """processes of this site that have these variables"""
        wanted = {f'SLURM_CONF={self.folder}/slurm.conf'.encode(),
                  *(v.encode() for v in variables)}
        found = []
        for entry in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{entry}/environ', 'rb') as file:
                    if wanted <= set(file.read().split(b'\0')):
                        found.append(int(entry))
            except OSError:
                continue
        return found

    def stop(self):
        """whatever runs here, and what it has started"""
        for pid in self.find():
            kill(pid)
        for process in self.processes.values():
            process.wait()

    # --- asking ---

    def run(self, *command, check=True, **options):
        result = subprocess.run(
            [os.fspath(word) for word in command], env=self.environment,
            text=True, capture_output=True, timeout=120, **options)
        if check and result.returncode != 0 and command[0] != 'sinfo':
            raise AssertionError(f'{command}: {result.stderr}{self.logs()}')
        return result.stdout

    def wait(self, condition, what, patience=PATIENCE):
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f'no {what}\n{self.logs()}')
            # a program is started with each look: not too often
            time.sleep(0.1)

    def jobs(self):
        """state and node of each task that is not done with: 12_3 -> ..."""
        lines = self.run('squeue', '-h', '-r', '-o', '%i %T %N').splitlines()
        return {line.split()[0]: line.split()[1:] for line in lines}

    def wait_for_all(self, patience=PATIENCE):
        self.wait(lambda: not self.jobs(), f'end: {self.jobs()}', patience)

    def logs(self):
        return '\n'.join(f'{path.name}: {path.read_text()[-3000:]}'
                         for path in sorted((self.folder / 'log').iterdir()))

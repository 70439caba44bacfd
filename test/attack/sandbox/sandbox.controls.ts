import type { Control } from '../control.js';

const PROFILE = 'activities/sandbox/profile.ts';
const LAUNCH = 'activities/sandbox/launch.ts';
const LINES = 'activities/sandbox/command-line.ts';
const FILTER = 'infra/seccomp/filter.ts';
const CGROUP = 'activities/sandbox/cgroup.ts';
const EXECUTION = 'activities/sandbox/execution.ts';
const SERVE = 'activities/sandbox/session/serve-command.ts';
const WATCH = 'activities/sandbox/watch.ts';

const namespaces: readonly Control[] = [
  {
    name: 'sandbox.network',
    about: 'a network namespace with nothing in it',
    edits: [
      { file: PROFILE, cut: "  ...(profile.network === 'none' && !profile.hasListener ? ['--unshare-net'] : []),\n" },
      { file: 'activities/sandbox/listener/stage.ts', cut: "'--unshare-net', " },
    ],
  },
  {
    name: 'sandbox.pid-namespace',
    about: 'a pid namespace: no process of the host is there',
    edits: [
      { file: PROFILE, cut: "  '--unshare-pid',\n" },
      { file: PROFILE, cut: "['--proc', '/proc', '--dev'", put: "['--ro-bind', '/proc', '/proc', '--dev'" },
    ],
  },
  {
    name: 'sandbox.ipc-namespace',
    about: 'an IPC namespace of its own',
    edits: [{ file: PROFILE, cut: "  '--unshare-ipc',\n" }],
  },
  {
    name: 'sandbox.uts-namespace',
    about: 'a host name of its own',
    edits: [
      { file: PROFILE, cut: "  '--unshare-uts',\n" },
      { file: PROFILE, cut: "  '--hostname',\n  'sandbox',\n" },
    ],
  },
  {
    name: 'sandbox.user-namespaces',
    about: 'no namespace can be made inside',
    edits: [
      { file: PROFILE, cut: "  '--disable-userns',\n" },
      { file: FILTER, cut: "anyBitOf(NEW_NAMESPACES + NEW_TIME, 'denied')", put: "anyBitOf(0, 'denied')" },
      { file: FILTER, cut: "[anyBitOf(NEW_NAMESPACES, 'denied')]", put: "[anyBitOf(0, 'denied')]" },
    ],
  },
  {
    name: 'sandbox.session',
    about: 'a terminal session of its own',
    edits: [{ file: PROFILE, cut: "  '--new-session',\n" }],
  },
];

const mounts: readonly Control[] = [
  {
    name: 'sandbox.reads',
    about: 'reads are an allow-list',
    edits: [
      {
        file: PROFILE,
        cut: "  ...['--remount-ro', '/'],\n",
        put: "  ...['--ro-bind', profile.tree + '/..', profile.tree.replace(/\\/[^/]*$/, ''), '--remount-ro', '/'],\n",
      },
    ],
  },
  {
    name: 'sandbox.own-etc',
    about: 'a copy of what programs need of /etc, never the host’s',
    edits: [{ file: PROFILE, cut: "['--ro-bind', host.etcDirectory, '/etc']", put: "['--ro-bind', '/etc', '/etc']" }],
  },
  {
    name: 'sandbox.read-only-root',
    about: 'nothing but tree, home and /tmp can be written',
    edits: [{ file: PROFILE, cut: "  ...['--remount-ro', '/'],\n" }],
  },
  {
    name: 'sandbox.read-only-tree',
    about: 'who only reads gets a tree that cannot be written',
    edits: [{ file: PROFILE, cut: "profile.isTreeReadOnly ? '--ro-bind' : '--bind'", put: "'--bind'" }],
  },
];

const identity: readonly Control[] = [
  {
    name: 'sandbox.service-user',
    about: 'a user without rights and capabilities, also where Millwright runs as root',
    edits: [
      { file: LAUNCH, cut: '    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),\n' },
      { file: PROFILE, cut: "  '--cap-drop',\n  'ALL',\n" },
    ],
  },
  {
    name: 'sandbox.environment',
    about: 'the environment is an allow-list',
    edits: [
      { file: PROFILE, cut: "  '--clearenv',\n" },
      { file: LAUNCH, cut: '    env: {},\n', put: '    env: process.env,\n' },
    ],
  },
  {
    name: 'sandbox.descriptors',
    about: 'no descriptor of the worker is passed on',
    edits: [{ file: LAUNCH, cut: ' && eval "exec $n>&-"; done', put: '; done' }],
  },
];

const kernel: readonly Control[] = [
  {
    name: 'sandbox.seccomp',
    about: 'system calls are filtered',
    edits: [{ file: LINES, cut: "['--seccomp', String(FILTER_FD)]", put: '[]' }],
  },
  {
    name: 'sandbox.unix-sockets',
    about: 'the filter refuses sockets of the file system',
    edits: [{ file: FILTER, cut: '...(unixSockets ? [] : [AF_UNIX]), ', put: '' }],
  },
  {
    name: 'sandbox.terminal-input',
    about: 'the filter refuses to type at a terminal',
    edits: [{ file: FILTER, cut: "equals(TIOCSTI, 'denied'), " }],
  },
  {
    name: 'sandbox.keyrings',
    about: 'the filter refuses the keyrings of the kernel',
    edits: [
      { file: 'infra/seccomp/syscalls.ts', cut: '  add_key: [248, 217],\n' },
      { file: 'infra/seccomp/syscalls.ts', cut: '  keyctl: [250, 219],\n' },
    ],
  },
];

const PIDS = "['pids', 'pids.max', String(limits.processes)],\n        ['cpu', ";
const limits: readonly Control[] = [
  {
    name: 'sandbox.limit-time',
    about: 'a command ends when its time is over',
    edits: [
      { file: EXECUTION, cut: "killer.terminate('time')", put: 'undefined' },
      { file: SERVE, cut: "terminate('time')", put: 'undefined' },
    ],
  },
  {
    name: 'sandbox.limit-output',
    about: 'a command ends when it has said too much',
    edits: [
      { file: EXECUTION, cut: 'if (bytes > limits.outputBytes) onFlood();' },
      { file: SERVE, cut: "if (bytes > limits.outputBytes) kill('output');" },
    ],
  },
  {
    name: 'sandbox.limit-memory',
    about: 'a command ends when it takes too much memory',
    edits: [
      { file: CGROUP, cut: 'String(limits.memoryBytes)', put: 'String(limits.memoryBytes * 100)' },
      { file: WATCH, cut: '> limits.memoryBytes', put: '> limits.memoryBytes * 100' },
    ],
  },
  {
    name: 'sandbox.limit-processes',
    about: 'a command ends when it has too many processes',
    edits: [
      { file: CGROUP, cut: `${PIDS}'cpu.max'`, put: "['cpu', 'cpu.max'" },
      { file: CGROUP, cut: `${PIDS}'cpu.cfs_period_us'`, put: "['cpu', 'cpu.cfs_period_us'" },
      { file: WATCH, cut: 'if (pids.length > limits.processes)', put: 'if (pids.length < 0)' },
    ],
  },
  {
    name: 'sandbox.limit-disk',
    about: 'no file grows beyond its limit',
    edits: [{ file: LINES, cut: '      `--fsize=', put: '      `--rss=' }],
  },
  {
    name: 'sandbox.limit-cpu',
    about: 'no process uses more processor time than allowed',
    edits: [{ file: LINES, cut: '      `--cpu=', put: '      `--rss=' }],
  },
  {
    name: 'sandbox.limit-tree',
    about: 'a command ends when its tree has grown too large',
    edits: [{ file: WATCH, cut: 'if (size > limits.treeBytes && ', put: 'if (size < 0 && ' }],
  },
  {
    name: 'sandbox.limit-files',
    about: 'open files are few, and no core is dumped',
    edits: [{ file: LINES, cut: '      `--nofile=', put: '      `--sigpending=' }],
  },
];

const lifetime: readonly Control[] = [
  {
    name: 'sandbox.dies-with-worker',
    about: 'a sandbox ends with the process that started it',
    edits: [{ file: PROFILE, cut: "  '--die-with-parent',\n" }],
  },
  {
    name: 'sandbox.no-survivors',
    about: 'no process of a command is there when the next one begins',
    edits: [
      { file: 'activities/sandbox/exec-server/server.ts', cut: "    signalEveryone('SIGKILL');\n" },
      {
        file: 'activities/sandbox/session/server-process.ts',
        cut: 'return living.length === this.residents.length &&',
        put: 'return living.length >= 0 ||',
      },
    ],
  },
];

export const SANDBOX_CONTROLS: readonly Control[] = [
  ...[namespaces, mounts, identity, kernel, limits, lifetime].flat(),
];

import { existsSync } from 'node:fs';
import type { Probe } from './probes.js';

const EPERM = 1;
const ENOSYS = 38;
const index = process.arch === 'arm64' ? 1 : 0;
const X32_BIT = 0x4000_0000;

interface Call {
  readonly name: string;
  readonly number: number;
  readonly args: string;
  /** Default EPERM. */
  readonly error?: number;
}

/** With arguments that succeed, or fail with another error, where nothing forbids the call. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  keyctl: '0, -3, 0',
  add_key: '"user", "x", "y", 1, -3',
  perf_event_open: '0, 0, -1, -1, 0',
  userfaultfd: '1',
  io_uring_setup: '1, 0',
  process_vm_readv: '$$, 0, 0, 0, 0, 0',
  mount: '"none", "/tmp", "tmpfs", 0, 0',
  umount2: '"/tmp", 0',
  fsopen: '"tmpfs", 0',
};

/** Said again here, so that a line that the filter loses is missed. x64, arm64. */
const DENIED: Readonly<Record<string, readonly [number, number]>> = {
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  pidfd_getfd: [438, 438],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  setns: [308, 268],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  move_mount: [429, 429],
  open_tree: [428, 428],
  mount_setattr: [442, 442],
  open_by_handle_at: [304, 265],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  syslog: [103, 116],
};
const [CLONE, CLONE3, UNSHARE, SOCKET, IOCTL, PTRACE] =
  index === 0 ? [56, 435, 272, 41, 16, 101] : [220, 435, 97, 198, 29, 117];

const calls = (): readonly Call[] => [
  ...Object.entries(DENIED).map(([name, numbers]) => ({
    name,
    number: numbers[index] ?? 0,
    args: ARGUMENTS[name] ?? '0, 0, 0, 0, 0',
  })),
  { name: 'unshare', number: UNSHARE, args: String(0x1000_0000) },
  { name: 'clone with a new user namespace', number: CLONE, args: `${0x1000_0011}, 0, 0, 0, 0` },
  { name: 'clone3', number: CLONE3, args: '0, 0', error: ENOSYS },
  { name: 'a socket of the file system', number: SOCKET, args: '1, 1, 0' },
  { name: 'a socket of the hypervisor', number: SOCKET, args: '40, 1, 0' },
  { name: 'a socket of the kernel’s ciphers', number: SOCKET, args: '38, 5, 0' },
  { name: 'typing at the terminal (TIOCSTI)', number: IOCTL, args: `0, ${0x5412}, "x"` },
  { name: 'the console (TIOCLINUX)', number: IOCTL, args: `0, ${0x541c}, "x"` },
  ...(index === 0 ? [{ name: 'the x32 ABI', number: X32_BIT + 39, args: '0', error: ENOSYS }] : []),
  // Last: it would stop the probe for its parent.
  { name: 'ptrace', number: PTRACE, args: '0, 0, 0, 0' },
];

const probe = (call: Call): string =>
  `$! = 0; $r = syscall(${call.number}, ${call.args.replace(/"([^"]*)"/g, '(my $text = "$1")')}); exit if $r == 0 && $$ != $own; print "${call.name}=", ($r == -1 ? $! + 0 : 0), "\\n";`;

const program = (): string => `$| = 1; $own = $$; ${calls().map(probe).join(' ')}`;

const judge = (output: string): string | undefined => {
  const answers = new Map(output.split('\n').map((line) => [line.split('=')[0] ?? '', Number(line.split('=')[1])]));
  const through = calls().filter(({ name, error = EPERM }) => answers.get(name) !== error);
  if (answers.size < 2) throw new Error(`the probe did not run: ${output.slice(0, 200)}`);
  return through.length === 0
    ? undefined
    : through.map(({ name }) => `${name} answers ${answers.get(name) ?? 'nothing'}`).join(', ');
};

/** Perl is the one interpreter of the usual system that makes any system call. */
export const SYSTEM_CALLS: Probe = {
  name: 'system calls that no build needs',
  controls: ['sandbox.seccomp', 'sandbox.unix-sockets', 'sandbox.terminal-input', 'sandbox.keyrings'],
  script: () => {
    if (!existsSync('/usr/bin/perl')) throw new Error('this needs /usr/bin/perl');
    return `grep -q '^Seccomp:.2' /proc/self/status || echo filter=none; perl -e '${program()}'`;
  },
  judge,
};

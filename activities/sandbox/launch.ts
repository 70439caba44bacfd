import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { ServiceUser } from './etc-copy.js';

/** Needed because only bash can close a descriptor above 9. */
export const SHELL = '/bin/bash';

/**
 * What runs between our fork and bwrap. It waits for `go` so that the process is in its cgroup before it does
 * anything; when we die before saying so, the read ends and so does it. Descriptors above 3 are closed because Node
 * marks inherited ones close-on-exec only up to the first gap.
 */
const BEGIN = `
read -r go <&3 && [ "$go" = go ] || exit 125`;

/** bwrap reads the seccomp program from a descriptor and closes it. */
export const FILTER_FD = 4;
const FILTER = `
exec ${FILTER_FD}<"$0"`;
/** Node's channel between us and the program that opens a listener. */
export const CHANNEL_FD = 5;
const closeAbove3 = (hasChannel: boolean): string => `
for f in /proc/$$/fd/*; do n=\${f##*/}; [ "$n" -gt 3 ]${hasChannel ? ` && [ "$n" != ${CHANNEL_FD} ]` : ''} && eval "exec $n>&-"; done`;

/**
 * The streams go through real pipes: Node's are sockets, and a socket cannot be opened as /dev/stdin or /dev/stderr,
 * which scripts do. The copiers outlive a TERM, so that what a program says while it ends is heard; they end with the
 * pipes.
 */
const PIPES = `
trap "" TERM
exec < <(exec /bin/cat <&0 3>&- ${CHANNEL_FD}>&-) > >(exec /bin/cat 3>&- ${CHANNEL_FD}>&-) 2> >(exec /bin/cat >&2 3>&- ${CHANNEL_FD}>&-)
trap - TERM`;

const END = `
exec "$@"`;

/** `pipes` are what commands expect; `sockets` are enough for the exec server, which makes pipes of its own. */
export type Streams = 'pipes' | 'sockets';

export interface LaunchOptions {
  readonly streams?: Streams;
  /** File of the seccomp program that `argv` expects as descriptor FILTER_FD. */
  readonly filter?: string | undefined;
  /** Whether a program of ours in it talks to us over Node's channel. */
  readonly hasChannel?: boolean;
}

/** Arguments of the shell that runs `argv` once it reads `go` on descriptor 3. */
export const launcherArguments = (
  argv: readonly string[],
  { streams = 'pipes', filter, hasChannel = false }: LaunchOptions = {},
): readonly string[] => [
  ...['--noprofile', '--norc', '-c'],
  `${BEGIN}${closeAbove3(hasChannel)}${streams === 'pipes' ? PIPES : ''}${filter === undefined ? '' : FILTER}${END}`,
  filter ?? 'launch',
  ...argv,
];

export interface Launched {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** bwrap's own report: one JSON object a line. Also takes the word to go. */
  readonly status: Readable & Writable;
}

/** Starts the launcher; nothing of `argv` runs before `go` is written to `status`. @throws when it cannot be spawned */
export const launch = async (
  argv: readonly string[],
  user: ServiceUser | undefined,
  options: LaunchOptions = {},
): Promise<Launched> => {
  const child = spawn(SHELL, launcherArguments(argv, options), {
    // An empty environment: bash would run a file that BASH_ENV names.
    env: {},
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', ...(options.hasChannel ? (['ignore', 'ipc'] as const) : [])],
    // Its own process group, so that a signal to ours from a terminal reaches only us.
    detached: true,
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const { stdin, stdout, stderr, pid } = child;
  if (pid === undefined || !stdin || !stdout || !stderr) throw new Error('spawned without pipes');
  // Descriptor 3 was asked for as a pipe, which Node makes readable and writable.
  const status = child.stdio[3] as Readable & Writable;
  for (const stream of [stdin, stdout, stderr, status]) {
    // A program may end without reading its input: that is no failure of ours.
    stream.on('error', () => undefined);
  }
  return { child, pid, stdin, stdout, stderr, status };
};

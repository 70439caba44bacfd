/** Part of every toolchain digest: raised when a change of the profile can change what a check sees. */
export const PROFILE_VERSION = 2;

export const TREE_INSIDE = '/src';
export const HOME_INSIDE = '/agent';

export type Network = 'none' | 'host';

export interface Bind {
  readonly source: string;
  /** Absolute path inside. */
  readonly target: string;
}

/** Top-level paths that a host either has as links into /usr or as directories of their own. */
export type RootPath =
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'directory'; readonly path: string };

/** Facts of the host that every sandbox shares. */
export interface HostView {
  readonly rootPaths: readonly RootPath[];
  /** Our own copies of passwd, group, nsswitch, CA roots and the like: the host's /etc is never shown. */
  readonly etcDirectory: string;
  /** Bound read-only where they are. */
  readonly toolchains: readonly string[];
  readonly path: string;
}

export interface SandboxProfile {
  readonly tree: string;
  /** Planning and supervision read, they never write. */
  readonly isTreeReadOnly: boolean;
  /** Directory below the tree, `.` for its root. */
  readonly cwd: string;
  /** The whole environment beside HOME, PATH, TMPDIR, LANG and USER: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly network: Network;
  /** It joins the network namespace of an outer stage, in which the listener of the run stands. */
  readonly hasListener: boolean;
  readonly readOnly: readonly Bind[];
  readonly writable: readonly Bind[];
  /** Host directories for home and /tmp, where a tmpfs would be too small. */
  readonly scratch?: { readonly home: string; readonly tmp: string };
  readonly tmpBytes: number;
  /** The exec server's program, in a sandbox that serves more than one command. */
  readonly execServer?: string;
}

/** Where the exec server is, and the tmpfs for the pipes and the standard input of its commands. */
export const EXEC_SERVER_INSIDE = '/run/millwright/exec-server.mjs';
export const PIPES_INSIDE = '/run/exec';
const PIPES_BYTES = 32 * 1024 ** 2;

const NAMESPACES = [
  '--unshare-user',
  '--unshare-ipc',
  '--unshare-pid',
  '--unshare-uts',
  '--unshare-cgroup-try',
  '--disable-userns',
  // Without it a kill -9 of the launcher leaves every process of the sandbox alive.
  '--die-with-parent',
  '--new-session',
  '--clearenv',
  '--cap-drop',
  'ALL',
  '--hostname',
  'sandbox',
] as const;

/** The inner stage of the sandbox: bwrap's arguments up to the command. */
export const bwrapArguments = (host: HostView, profile: SandboxProfile): readonly string[] => [
  ...NAMESPACES,
  ...(profile.network === 'none' && !profile.hasListener ? ['--unshare-net'] : []),
  ...['--ro-bind', '/usr', '/usr'],
  ...host.rootPaths.flatMap((root) =>
    root.kind === 'link' ? ['--symlink', root.target, root.path] : ['--ro-bind', root.path, root.path],
  ),
  ...['--ro-bind', host.etcDirectory, '/etc'],
  // A shared network is of no use without the host's resolver; without it the empty copy stays.
  ...(profile.network === 'host' ? ['--ro-bind-try', '/etc/resolv.conf', '/etc/resolv.conf'] : []),
  ...['--proc', '/proc', '--dev', '/dev'],
  ...temporary('1777', Math.min(profile.tmpBytes, 64 * 1024 ** 2), '/dev/shm'),
  ...['--remount-ro', '/dev'],
  ...(profile.scratch
    ? ['--bind', profile.scratch.tmp, '/tmp', '--bind', profile.scratch.home, HOME_INSIDE]
    : [...temporary('1777', profile.tmpBytes, '/tmp'), ...temporary('0700', profile.tmpBytes, HOME_INSIDE)]),
  ...host.toolchains.flatMap((path) => ['--ro-bind', path, path]),
  ...profile.readOnly.flatMap(({ source, target }) => ['--ro-bind', source, target]),
  ...[profile.isTreeReadOnly ? '--ro-bind' : '--bind', profile.tree, TREE_INSIDE],
  ...profile.writable.flatMap(({ source, target }) => ['--bind', source, target]),
  ...(profile.execServer === undefined
    ? []
    : [...['--ro-bind', profile.execServer, EXEC_SERVER_INSIDE], ...temporary('0700', PIPES_BYTES, PIPES_INSIDE)]),
  ...['--remount-ro', '/'],
  ...['--chdir', profile.cwd === '.' ? TREE_INSIDE : `${TREE_INSIDE}/${profile.cwd}`],
  ...Object.entries(sandboxEnvironment(host, profile.env)).flatMap(([name, value]) => ['--setenv', name, value]),
];

export const sandboxEnvironment = (
  host: HostView,
  env: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => ({
  HOME: HOME_INSIDE,
  TMPDIR: '/tmp',
  LANG: 'C.UTF-8',
  USER: 'sandbox',
  PATH: host.path,
  ...env,
});

const temporary = (mode: string, bytes: number, path: string): readonly string[] => [
  ...['--perms', mode, '--size', String(bytes), '--tmpfs', path],
];

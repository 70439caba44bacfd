import { execFile } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../../config.js';
import { errorMessage } from '../../errors.js';
import { isFiltered, seccompFilter } from '../../seccomp/filter.js';
import { isExecutable } from '../launch.js';
import { advised, type Check, failed, passed } from './check.js';

const REMEDY =
  'Allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1, an AppArmor profile for bwrap, or in a container a seccomp profile that permits them. Until then work is refused unless an admin sets sandbox: none on a project.';

const KERNEL = 'Use a kernel with CONFIG_SECCOMP_FILTER.';

/** Runs a real command in a real sandbox, as the user that sandboxes run as, and looks at what it finds inside. */
export const checkSandbox = async ({ users, searchPath, host }: Config): Promise<Check> => {
  if (process.platform !== 'linux') {
    return failed('sandbox', 'bubblewrap needs Linux', 'Run Millwright in a Linux container.');
  }
  const bwrap = searchPath.map((directory) => join(directory, 'bwrap')).find(isExecutable);
  if (bwrap === undefined) return failed('sandbox', 'bubblewrap is not installed', 'Install bubblewrap 0.8 or later.');
  const ids = users === undefined ? {} : { uid: users.serviceUid, gid: users.serviceUid };
  try {
    const probe = [...(isFiltered(process.arch) ? ['--seccomp', '0'] : []), ...PROFILE, ...rootLinks(), ...PROBE];
    const running = promisify(execFile)(bwrap, probe, {
      ...ids,
      cwd: '/',
      env: {},
      timeout: 10_000,
    });
    if (isFiltered(process.arch)) running.child.stdin?.end(seccompFilter(process.arch, host));
    const { stdout } = await running;
    const [user, routes, seccomp] = stdout.trim().split('\n');
    if (user === '0') return failed('sandbox', 'commands would run as root', 'Set MILLWRIGHT_SERVICE_UID.');
    // The table's heading alone: nothing leads out.
    if (routes?.trim() !== '1') return failed('sandbox', 'the network is not cut off inside', REMEDY);
    if (!isFiltered(process.arch)) {
      const finding = `bubblewrap works as user ${user}, without network; no seccomp filter is known for ${process.arch}`;
      return advised('sandbox', finding, 'Use an x64 or arm64 machine for the second wall.');
    }
    if (seccomp !== '2') return failed('sandbox', 'the kernel does not filter system calls', KERNEL);
    const sockets = host.unixSockets ? '; WEAKER: host.yml allows sockets in the file system' : '';
    return passed('sandbox', `bubblewrap works as user ${user}, without network, with seccomp${sockets}`);
  } catch (error) {
    return failed('sandbox', `bubblewrap does not work: ${errorMessage(error).split('\n').at(-1)}`, REMEDY);
  }
};

const PROFILE = [
  ...['--unshare-user', '--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-net', '--unshare-cgroup-try'],
  ...['--disable-userns', '--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'],
  ...['--ro-bind', '/usr', '/usr', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
];
const PROBE = [
  '--remount-ro',
  '/',
  '--',
  '/bin/sh',
  '-c',
  'id -u; wc -l < /proc/net/route; sed -n "s/^Seccomp:[^0-9]*//p" /proc/self/status',
];

/** `/bin` and the like are links into `/usr` on most systems and directories on some. */
const rootLinks = (): string[] =>
  ['/bin', '/lib', '/lib64']
    .filter(existsSync)
    .flatMap((path) =>
      lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path],
    );

/** Tries to make a cgroup below our own, which is what caps memory, processes and CPU of a command. */
export const checkCgroups = (): Check => {
  const found = ownCgroups().find(({ directory }) => canNest(directory));
  return found === undefined
    ? advised(
        'cgroups',
        'cgroups cannot be written: memory is watched and resource limits hold per process only',
        'Run Millwright under systemd with Delegate=yes, or give the container a writable cgroup.',
      )
    : passed('cgroups', `${found.version}: the kernel enforces memory, processes and CPU`);
};

const ownCgroups = (): readonly { readonly version: string; readonly directory: string }[] => {
  if (!existsSync('/proc/self/cgroup')) return [];
  const entries = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  return entries.flatMap((entry) => {
    const [, controllers = '', path = '/'] = entry.split(':');
    if (controllers === '' && existsSync('/sys/fs/cgroup/cgroup.controllers')) {
      return [{ version: 'cgroup v2', directory: join('/sys/fs/cgroup', path) }];
    }
    if (!controllers.split(',').includes('memory')) return [];
    // Inside a container the path is the host's, and the mount is already ours.
    const roots = [join('/sys/fs/cgroup/memory', path), '/sys/fs/cgroup/memory'];
    return roots.map((directory) => ({ version: 'cgroup v1', directory }));
  });
};

const canNest = (directory: string): boolean => {
  const child = join(directory, `millwright-doctor-${process.pid}`);
  try {
    mkdirSync(child);
  } catch {
    return false; // read-only or not ours: the answer to the question
  }
  const files = ['memory.max', 'memory.limit_in_bytes'];
  const hasMemory = files.some((file) => existsSync(join(child, file)));
  rmdirSync(child);
  return hasMemory;
};

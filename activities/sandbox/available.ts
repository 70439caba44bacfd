import { execFile } from 'node:child_process';
import { access, chown, constants, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../../domain/failures.js';
import { isFiltered } from '../../infra/seccomp/filter.js';
import type { CapsInForce } from './cgroup.js';
import { SHELL } from './launch.js';
import { hostLimits } from './limits.js';
import { capturedText } from './output.js';
import { openSandbox, type SandboxSettings } from './run.js';

export type Availability =
  | { readonly isAvailable: true; readonly version: string; readonly caps: CapsInForce }
  | { readonly isAvailable: false; readonly why: string; readonly remedy: string };

const MINIMUM = [0, 8] as const;
/** As /proc/self/status says it. */
const FILTERING = '2';
const PROBE_MS = 10_000;

/** A probe that something killed says nothing of the host: only what fails so often is missing. */
const PROBES = 3;

/** Runs a real command in a real sandbox of these settings and looks at what it found inside. */
export const sandboxAvailable = async (settings: SandboxSettings): Promise<Availability> => {
  for (let probes = 1; ; probes++) {
    const found = await look(settings);
    if (found.isAvailable || probes === PROBES) return found;
  }
};

const look = async (settings: SandboxSettings): Promise<Availability> => {
  const bwrap = settings.bwrap ?? '/usr/bin/bwrap';
  if (process.platform !== 'linux') return refusal('it needs Linux', 'Run Millwright in a Linux container.');
  for (const [program, name] of [
    [bwrap, 'bubblewrap'],
    [SHELL, 'bash'],
    ['/usr/bin/prlimit', 'util-linux'],
  ] as const) {
    if (!(await isExecutable(program))) return refusal(`${program} is missing`, `Install ${name}.`);
  }
  const version = await versionOf(bwrap);
  if (!isRecent(version)) return refusal(`bubblewrap ${version} is too old`, 'Install bubblewrap 0.8 or later.');
  return probe(settings, version).catch((error: unknown) =>
    refusal(error instanceof Error ? error.message : String(error), USER_NAMESPACES),
  );
};

const USER_NAMESPACES =
  'Allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1, an AppArmor profile for bwrap, or in a container a seccomp profile that permits them.';

const probe = async (settings: SandboxSettings, version: string): Promise<Availability> => {
  const sandbox = await openSandbox(settings);
  const tree = await mkdtemp(join(settings.directory, 'scratch', 'probe-'));
  try {
    if (settings.user) await chown(tree, settings.user.uid, settings.user.gid);
    const limits = { ...hostLimits(), wallMs: PROBE_MS };
    const result = await sandbox.run({
      argv: [
        'sh',
        '-c',
        'id -u; cat /proc/net/route | wc -l; sed -n "s/^Seccomp:[^0-9]*//p" /proc/self/status; touch x',
      ],
      tree,
      limits,
    });
    const [uid, routes, seccomp] = capturedText(result.stdout).trim().split('\n');
    if (result.end.kind !== 'exited' || result.end.code !== 0) {
      return refusal(capturedText(result.stderr).trim() || 'the probe failed', USER_NAMESPACES);
    }
    if (uid === '0') return refusal('commands would run as root', 'Start Millwright with a service uid.');
    if (routes !== '1') return refusal('the network is not cut off', USER_NAMESPACES);
    // Where the architecture has a filter and the kernel does not obey it, something is badly wrong.
    if (isFiltered(process.arch) && seccomp !== FILTERING) {
      return refusal('the kernel does not filter system calls', 'Use a kernel with CONFIG_SECCOMP_FILTER.');
    }
    return { isAvailable: true, version, caps: sandbox.capsInForce };
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
};

/** What refused work says. @throws InvalidState */
export const refuseWithoutSandbox = (found: Availability): void => {
  if (found.isAvailable) return;
  throw new Failure(
    'InvalidState',
    `Nothing of a repository runs without a sandbox, and bubblewrap does not work here: ${found.why}. ${found.remedy}`,
    { remedy: found.remedy },
  );
};

const refusal = (why: string, remedy: string): Availability => ({ isAvailable: false, why, remedy });

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

const execute = promisify(execFile);

const versionOf = async (bwrap: string): Promise<string> => {
  const { stdout } = await execute(bwrap, ['--version']).catch(() => ({ stdout: '' })); // not runnable: too old below
  return /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? 'unknown';
};

const isRecent = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
};

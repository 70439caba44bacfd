import { access, constants, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LimitName, SandboxLimits } from './limits.js';
import { signalAll } from './process-tree.js';

/** Who enforces a cap: the kernel by cgroup, ourselves by looking, a resource limit per process, or nobody. */
export type CapKeeper = 'cgroup v2' | 'cgroup v1' | 'watcher' | 'rlimit' | 'none';

export interface CapsInForce {
  readonly memory: CapKeeper;
  readonly processes: CapKeeper;
  readonly cpu: CapKeeper;
}

/** The cgroups of one command. */
export interface CommandCgroup {
  /** @throws when the kernel refuses; the command has not started then */
  join(pid: number): Promise<void>;
  /** The cap that was hit since the start, if any. */
  exceeded(): Promise<LimitName | undefined>;
  /** Kills what is still inside and gives the cgroups back. */
  destroy(): Promise<void>;
}

export interface CgroupFactory {
  readonly caps: CapsInForce;
  create(name: string, limits: SandboxLimits): Promise<CommandCgroup>;
}

type Controller = 'memory' | 'pids' | 'cpu';
type Parents = Partial<Record<Controller, string>>;
type Setting = readonly [controller: Controller, file: string, value: string];

const CONTROLLERS: readonly Controller[] = ['memory', 'pids', 'cpu'];
const PERIOD_US = 100_000;

const settings = (version: 1 | 2, limits: SandboxLimits): readonly Setting[] => {
  const memory = String(limits.memoryBytes);
  const quota = String(Math.round(limits.cpuCores * PERIOD_US));
  return version === 2
    ? [
        ['memory', 'memory.max', memory],
        ['memory', 'memory.oom.group', '1'],
        ['pids', 'pids.max', String(limits.processes)],
        ['cpu', 'cpu.max', `${quota} ${PERIOD_US}`],
      ]
    : [
        ['memory', 'memory.limit_in_bytes', memory],
        ['pids', 'pids.max', String(limits.processes)],
        ['cpu', 'cpu.cfs_period_us', String(PERIOD_US)],
        ['cpu', 'cpu.cfs_quota_us', quota],
      ];
};

/** Finds where this process may make cgroups; undefined where it may not, or not for memory. */
export const findCgroups = async (): Promise<CgroupFactory | undefined> => {
  const own = (await readFile('/proc/self/cgroup', 'utf8').catch(() => '')).trim().split('\n');
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')).trim().split('\n');
  const unified = await findUnified(own, mounts);
  const parents = unified ?? (await findSplit(own, mounts));
  if (parents.memory === undefined) return undefined;
  for (const parent of new Set(Object.values(parents))) await removeDead(parent);
  return factoryOf(unified === undefined ? 1 : 2, parents);
};

/** Version 2: the nearest ancestor that hands memory on to its children and that we may write. */
const findUnified = async (own: readonly string[], mounts: readonly string[]): Promise<Parents | undefined> => {
  const mount = mountPoint(mounts, 'cgroup2');
  const path = own.find((line) => line.startsWith('0::'))?.slice(3);
  if (mount === undefined || path === undefined) return undefined;
  for (let at = join(mount, path); at.startsWith(mount); at = dirname(at)) {
    const given = (await readFile(join(at, 'cgroup.subtree_control'), 'utf8').catch(() => '')).trim().split(' ');
    if (given.includes('memory') && (await isUsable(at))) {
      return Object.fromEntries(CONTROLLERS.filter((name) => given.includes(name)).map((name) => [name, at]));
    }
  }
  return undefined;
};

const findSplit = async (own: readonly string[], mounts: readonly string[]): Promise<Parents> => {
  const parents: Parents = {};
  for (const controller of CONTROLLERS) {
    const mount = mountPoint(mounts, 'cgroup', controller);
    const line = own.find((entry) => entry.split(':')[1]?.split(',').includes(controller));
    if (mount === undefined || line === undefined) continue;
    const at = join(mount, line.split(':').slice(2).join(':'));
    if (await isUsable(at)) parents[controller] = at;
  }
  return parents;
};

/** Fields of mountinfo: … 4 mount point … - type source super options. */
const mountPoint = (mounts: readonly string[], type: string, controller?: string): string | undefined =>
  mounts
    .map((line) => line.split(' - '))
    .find(([, right]) => {
      const [kind, , options] = (right ?? '').split(' ');
      return kind === type && (controller === undefined || options?.split(',').includes(controller));
    })?.[0]
    ?.split(' ')[4];

/** Permission bits lie on a read-only mount and in a foreign namespace: only trying tells. */
const isUsable = async (parent: string): Promise<boolean> => {
  const probe = join(parent, newCgroupName());
  try {
    await access(parent, constants.W_OK);
    await mkdir(probe);
    await rmdir(probe);
    return true;
  } catch {
    return false;
  }
};

const factoryOf = (version: 1 | 2, parents: Parents): CgroupFactory => {
  const keeper: CapKeeper = version === 2 ? 'cgroup v2' : 'cgroup v1';
  return {
    caps: {
      memory: keeper,
      processes: parents.pids === undefined ? 'rlimit' : keeper,
      cpu: parents.cpu === undefined ? 'none' : keeper,
    },
    create: async (name, limits) => {
      const groups = Object.fromEntries(
        Object.entries(parents).map(([controller, parent]) => [controller, join(parent, name)]),
      ) as Parents; // the same keys as `parents`
      for (const path of new Set(Object.values(groups))) await mkdir(path);
      for (const [controller, file, value] of settings(version, limits)) {
        const group = groups[controller];
        if (group !== undefined) await writeFile(join(group, file), value);
      }
      return new KernelCgroup(version, groups);
    },
  };
};

class KernelCgroup implements CommandCgroup {
  private readonly paths: readonly string[];

  constructor(
    private readonly version: 1 | 2,
    private readonly groups: Parents,
  ) {
    this.paths = [...new Set(Object.values(groups))];
  }

  async join(pid: number): Promise<void> {
    for (const path of this.paths) await writeFile(join(path, 'cgroup.procs'), String(pid));
  }

  async exceeded(): Promise<LimitName | undefined> {
    const { memory, pids } = this.groups;
    const memoryEvents = this.version === 2 ? 'memory.events' : 'memory.oom_control';
    if (memory !== undefined && (await counter(join(memory, memoryEvents), 'oom_kill')) > 0) return 'memory';
    if (pids !== undefined && (await counter(join(pids, 'pids.events'), 'max')) > 0) return 'processes';
    return undefined;
  }

  async destroy(): Promise<void> {
    signalAll(await this.processes(), 'SIGKILL');
    for (const path of this.paths) await removeWhenEmpty(path);
  }

  private async processes(): Promise<readonly number[]> {
    const [path] = this.paths;
    return path === undefined ? [] : processesIn(path);
  }
}

/** A process of a foreign pid namespace shows as 0, which must never be signalled. */
const processesIn = async (path: string): Promise<readonly number[]> => {
  const list = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '');
  return list
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
};

/** A cgroup stays busy for some milliseconds after its last process. */
const REMOVE_TRIES = 40;
const REMOVE_PAUSE_MS = 25;

const removeWhenEmpty = async (path: string): Promise<void> => {
  for (let attempt = 0; attempt < REMOVE_TRIES; attempt++) {
    const error = await rmdir(path).then(
      () => undefined,
      (reason: NodeJS.ErrnoException) => reason,
    );
    if (error === undefined || error.code === 'ENOENT') return;
    await new Promise((resolve) => setTimeout(resolve, REMOVE_PAUSE_MS));
  }
};

const counter = async (file: string, name: string): Promise<number> => {
  const text = await readFile(file, 'utf8').catch(() => ''); // older kernels have no such file
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1] ?? 0,
  );
};

let serial = 0;

/** Unique in this process. Names carry the pid of their maker, so that what a dead one left can be told. */
export const newCgroupName = (): string => {
  serial += 1;
  return `millwright-${process.pid}-${serial}`;
};

/** What a dead maker left: its sandboxes died with it, and what did not is ended here. */
const removeDead = async (parent: string): Promise<void> => {
  for (const name of await readdir(parent).catch(() => [])) {
    const pid = Number(/^millwright-(\d+)-/.exec(name)?.[1]);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    for (const orphan of await processesIn(join(parent, name))) endProcess(orphan);
    await removeWhenEmpty(join(parent, name));
  }
};

const endProcess = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

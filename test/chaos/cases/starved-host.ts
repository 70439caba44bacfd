import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { REPEATABLE_WORKER, scenarioOf } from '../scenario.js';
import { ChaosWorld } from '../world.js';

/** Longer than the engine waits for a heartbeat under brisk timings, and than the first repetitions of anything. */
const STARVED_MS = 15_000;
const SLICE_MS = 50;
/** Of ten slices. */
const SLICES_OF_WORK = 2;
const SPARE_FILES = 3;
const SPARE_BYTES = 16 * 2 ** 20;

/** Takes something away from the worker, and answers how to give it back. */
type Starve = (pid: number) => () => void;

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** The soft limit alone, so that it can be raised again. */
const limit = (pid: number, name: 'nofile' | 'nproc' | 'as', to: string): void => {
  execFileSync('prlimit', ['--pid', String(pid), `--${name}=${to}:`]);
};

const limitOf = (pid: number, name: 'NOFILE' | 'NPROC' | 'AS'): string =>
  execFileSync(
    'prlimit',
    ['--pid', String(pid), '--raw', '--noheadings', '--output', 'SOFT', `--${name.toLowerCase()}`],
    {
      encoding: 'utf8',
    },
  ).trim();

const fewFiles: Starve = (pid) => {
  const before = limitOf(pid, 'NOFILE');
  limit(pid, 'nofile', String(openFiles(pid) + SPARE_FILES));
  return () => limit(pid, 'nofile', before);
};

const fewProcesses: Starve = (pid) => {
  const before = limitOf(pid, 'NPROC');
  limit(pid, 'nproc', '1');
  return () => limit(pid, 'nproc', before);
};

const littleMemory: Starve = (pid) => {
  const before = limitOf(pid, 'AS');
  const [, kib = '0'] = /^VmSize:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  limit(pid, 'as', String(Number(kib) * 1024 + SPARE_BYTES));
  return () => limit(pid, 'as', before);
};

/** Stopped most of the time, as by neighbours that take the processors. */
const littleTime: Starve = (pid) => {
  let slice = 0;
  const timer = setInterval(() => {
    slice = (slice + 1) % 10;
    if (slice === 0) send(pid, 'SIGCONT');
    if (slice === SLICES_OF_WORK) send(pid, 'SIGSTOP');
  }, SLICE_MS);
  return () => {
    clearInterval(timer);
    send(pid, 'SIGCONT');
  };
};

/** A process that has died of it has been replaced, and the new one starves no more. */
const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
};

const starved =
  (what: string, starve: Starve) =>
  async (run: CaseRun): Promise<void> => {
    const slow = {
      ...REPEATABLE_WORKER,
      steps: REPEATABLE_WORKER.steps?.map((step) => ({ ...step, delayMs: 500 })) ?? [],
    };
    const world = await ChaosWorld.open(run, { scenario: scenarioOf(slow) });
    await world.addProject();
    await world.fileEpic('a', 4);
    const turns = 1 + Math.floor(run.random() * 4);
    await until(async () => (await world.instance.query('SELECT 1 FROM turn')).length >= turns, { everyMs: 100 });
    const pid = world.instance.pidOf('worker');
    run.note(`${what}, for ${STARVED_MS / 1_000} s`);
    const feed = starve(pid);
    run.atEnd(() => send(pid, 'SIGCONT'));
    await world.fileEpic('b', 1);
    await sleep(STARVED_MS);
    if (world.instance.pidOf('worker') === pid) feed();
    await world.verdict({ boughtAgain: 20 });
  };

const whyNoLimits = (): string | undefined =>
  spawnSync('prlimit', ['--version']).status === 0 ? undefined : 'there is no prlimit here';

const whyNoProcessLimit = (): string | undefined =>
  whyNoLimits() ??
  (process.getuid?.() === 0 ? 'no limit of processes binds root, and no cgroup can be made here' : undefined);

export const starvedHostCases: readonly ChaosCase[] = [
  {
    name: '37-files',
    does: `the worker may open ${SPARE_FILES} more files and no other for a while, in the middle of an epic`,
    catches: 'a worker that ends, or gives work up, because it cannot open a file',
    whyNot: whyNoLimits,
    run: starved('no more files', fewFiles),
  },
  {
    name: '37-processes',
    does: 'the worker may start no process for a while, in the middle of an epic',
    catches: 'a git or a command that could not be started and is believed to have run',
    whyNot: whyNoProcessLimit,
    run: starved('no more processes', fewProcesses),
  },
  {
    name: '37-memory',
    does: 'the worker gets no more memory for a while, in the middle of an epic',
    catches: 'a worker that dies of it again and again, or takes its work along',
    whyNot: whyNoLimits,
    run: starved('no more memory', littleMemory),
  },
  {
    name: '37-processor',
    does: 'the worker is stopped for four fifths of every half second for a while, in the middle of an epic',
    catches: 'work that is given up, or done twice, because everything takes five times as long',
    run: starved('little time', littleTime),
  },
];

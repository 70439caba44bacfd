import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { loadConfig } from '../infra/config.js';
import { locateTemporal } from '../infra/embedded/temporal-cli.js';
import { devServerFlags } from '../infra/embedded/temporal-server.js';
import type { Comparison } from './comparison.js';

const ROUNDS = 9;
const CALLS = 10;
const AT_ONCE = 50;

/** A server with a file, a worker on it, and what is measured on both. */
interface Subject {
  sequenceMs(): Promise<number>;
  signalMs(): Promise<number>;
  noopMs(): Promise<number>;
  stop(): Promise<void>;
}

/** What the flags of the embedded server buy: the same work on a server with and one without, in turns. */
export const temporalFlags = async (): Promise<Comparison> => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const cli = await findCli();
  const directory = mkdtempSync(join(tmpdir(), 'millwright-bench-'));
  const subjects = [
    await startSubject(cli, join(directory, 'default.db'), []),
    await startSubject(cli, join(directory, 'ours.db'), devServerFlags()),
  ];
  try {
    const measured = await inTurns(subjects);
    const rows = [
      { name: `${CALLS} activities in sequence`, unit: 'ms', of: 'sequenceMs' },
      { name: 'signal until the workflow has ended', unit: 'ms', of: 'signalMs' },
      { name: `${AT_ONCE} workflows that do nothing, at once`, unit: 'ms', of: 'noopMs' },
    ] as const;
    return {
      title: "flags of the embedded Temporal server: a server's defaults against ours, both with a file",
      subject: (await promisify(execFile)(cli, ['--version'])).stdout.trim(),
      rounds: ROUNDS,
      rows: rows.map(({ name, unit, of }) => ({
        name,
        unit,
        baseline: measured.map(([base]) => base?.[of] ?? Number.NaN),
        ours: measured.map(([, ours]) => ours?.[of] ?? Number.NaN),
      })),
    };
  } finally {
    for (const subject of subjects) await subject.stop();
    rmSync(directory, { recursive: true, force: true });
  }
};

type Round = Readonly<Record<'sequenceMs' | 'signalMs' | 'noopMs', number>>;

/** The order changes with every round, so that neither profits from what the machine does meanwhile. */
const inTurns = async (subjects: readonly Subject[]): Promise<readonly (readonly Round[])[]> => {
  const measured: Round[][] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const results: Round[] = [];
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    for (const at of order) {
      const subject = subjects[at];
      if (subject === undefined) continue;
      const sequenceMs = await subject.sequenceMs();
      const signalMs = await subject.signalMs();
      results[at] = { sequenceMs, signalMs, noopMs: await subject.noopMs() };
    }
    if (round >= 0) measured.push(results); // the first one warms both up
  }
  return measured;
};

const startSubject = async (cli: string, filename: string, extraArgs: string[]): Promise<Subject> => {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: cli },
      dbFilename: filename,
      // With its defaults the server reports every write that waited too long.
      log: { format: 'json', level: 'never' },
      extraArgs,
    },
  });
  const taskQueue = 'bench';
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowsPath: join(import.meta.dirname, 'workflows.js'),
    activities: { echo: async (value: number) => value },
  });
  const running = worker.run();
  const start = (type: string, args: unknown[] = []) =>
    environment.client.workflow.start(type, { taskQueue, workflowId: `${type}-${randomUUID()}`, args });
  return {
    sequenceMs: () => timeMs(async () => (await start('sequence', [CALLS])).result()),
    signalMs: async () => {
      const handle = await start('listener');
      await handle.query('__stack_trace'); // it has begun and waits
      return timeMs(async () => {
        await handle.signal('go');
        await handle.result();
      });
    },
    noopMs: () =>
      timeMs(() => Promise.all(Array.from({ length: AT_ONCE }, async () => (await start('noop')).result()))),
    stop: async () => {
      worker.shutdown();
      await running;
      await environment.teardown();
    },
  };
};

const timeMs = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

const findCli = async (): Promise<string> => {
  const { temporalCli, searchPath, cacheDirectory } = loadConfig();
  const found = await locateTemporal({
    address: undefined,
    given: temporalCli,
    searchPath,
    cacheDirectory,
    say: console.error,
  });
  if (found.kind !== 'cli') throw new Error('No Temporal CLI was found.');
  return found.path;
};

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { loadConfig } from '../infra/config.js';
import { locateTemporal } from '../infra/embedded/temporal-cli.js';
import { devServerFlags } from '../infra/embedded/temporal-server.js';
import type { Bench } from './comparison.js';
import { inTurns, lengthOf, series, timeMs } from './support/rounds.js';

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
export const temporalFlags: Bench = {
  redWhen: 'starts the embedded server without its flags',
  run: async (options) => {
    const cli = await findCli();
    const directory = mkdtempSync(join(tmpdir(), 'millwright-bench-'));
    const plain = await startSubject(cli, join(directory, 'default.db'), []);
    const tuned = await startSubject(cli, join(directory, 'ours.db'), devServerFlags());
    try {
      const measured = await inTurns(
        { plain: () => measure(plain), tuned: () => measure(tuned) },
        lengthOf(options, 9),
      );
      const row = (name: string, of: string) => ({
        name,
        unit: 'ms',
        baseline: series(measured, 'plain', of),
        ours: series(measured, 'tuned', of),
      });
      return {
        title: "flags of the embedded Temporal server: a server's defaults against ours, both with a file",
        subject: (await promisify(execFile)(cli, ['--version'])).stdout.trim(),
        rows: [
          row(`${CALLS} activities in sequence`, 'sequenceMs'),
          row('signal until the workflow has ended', 'signalMs'),
          row(`${AT_ONCE} workflows that do nothing, at once`, 'noopMs'),
        ],
      };
    } finally {
      for (const subject of [plain, tuned]) await subject.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

const measure = async (subject: Subject) => ({
  sequenceMs: await subject.sequenceMs(),
  signalMs: await subject.signalMs(),
  noopMs: await subject.noopMs(),
});

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

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { createLogger } from '../infra/logging.js';
import { seedProject } from '../test/support/api/seed.js';
import { headersOf } from '../test/support/api/webhook-sender.js';
import { until } from '../test/support/until.js';
import { runDuties } from '../workers/duties/duties.js';
import { factoryForgeHintedSignal } from '../workflows/contract/factory.js';
import { FACTORY_WORKFLOW_ID } from '../workflows/contract/ids.js';
import { QUEUE } from '../workflows/contract/task-queues.js';
import type { Bench, Measured } from './comparison.js';
import { type ServerChild, startServerChild } from './support/child.js';
import { startPlatform } from './support/platform.js';
import { inTurns, lengthOf, type Measures, series, timeEach } from './support/rounds.js';
import { median, quantile } from './support/statistics.js';

const SIGNALS = 60;
const REPOSITORY = { id: 7, full_name: 'octo-org/hello-world' };

/** M5a: from the accepted webhook until the handler of the workflow ran, against a bare signal until it ran. */
export const hintToWorkflow: Bench = {
  redWhen: 'polls the outbox instead of being woken',
  run: async (options) => {
    const platform = await startPlatform();
    const { database, environment } = platform;
    const over = new AbortController();
    const servers: ServerChild[] = [];
    const ran = new Ran();
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue: QUEUE.shared,
      workflowsPath: join(import.meta.dirname, 'support/hinted.workflows.js'),
      sinks: { bench: { ran: { fn: () => ran.tell(), callDuringReplay: false } } },
    });
    const running = worker.run();
    const duties = runDuties({
      databaseUrl: database.url,
      writes: database.pools.writes,
      client: environment.client,
      factory: { tuning: 'normal', limits: { maxEpics: 5, maxWorkers: 10 } },
      log: createLogger({ name: 'bench', level: 'silent' }),
      signal: over.signal,
      restoreLostLandings: async () => 0,
    });
    try {
      const projectId = await seedProject(database, { forge: 'github', forge_repository_id: REPOSITORY.id });
      const api = await startServerChild('webhook-server.main.js', 'ours', database.url);
      servers.push(api);
      const factory = environment.client.workflow.getHandle(FACTORY_WORKFLOW_ID);
      await until(() =>
        factory.describe().then(
          () => true,
          () => false,
        ),
      );
      const arms = {
        bare: async () =>
          spread(
            await timeEach(SIGNALS, () => ran.after(() => factory.signal(factoryForgeHintedSignal, { projectId }))),
          ),
        ours: async () => spread(await sinceAccepted(api, ran)),
      };
      const measured = await inTurns(arms, lengthOf(options, 9));
      const row = (name: string, measure: string): Measured => ({
        name,
        unit: 'ms',
        baseline: series(measured, 'bare', measure),
        ours: series(measured, 'ours', measure),
      });
      return {
        title: `webhook accepted until the workflow's handler ran, ${SIGNALS} one after the other`,
        subject:
          'the API, the outbox, the relay under its lock, PostgreSQL with fsync, the embedded Temporal server with its file',
        rows: [{ ...row('p95', 'p95Ms'), gate: { wants: 'atMost', target: 1.3, floor: 2 } }, row('p50', 'p50Ms')],
      };
    } finally {
      over.abort();
      await duties;
      for (const server of servers) await server.close();
      worker.shutdown();
      await running;
      await platform.stop();
    }
  },
};

/** Waits for the handler, which tells it in this very process. */
class Ran {
  private heard: () => void = () => {};

  tell(): void {
    this.heard();
  }

  async after(cause: () => Promise<unknown>): Promise<void> {
    const ran = new Promise<void>((resolve) => {
      this.heard = resolve;
    });
    await Promise.all([cause(), ran]);
  }
}

const spread = (took: readonly number[]): Measures => ({ p50Ms: median(took), p95Ms: quantile(took, 0.95) });

const sinceAccepted = async ({ url }: ServerChild, ran: Ran): Promise<readonly number[]> => {
  const took: number[] = [];
  for (let at = 1; at <= SIGNALS; at++) {
    const body = JSON.stringify({ action: 'opened', issue: { number: at }, repository: REPOSITORY });
    let acceptedAt = 0;
    await ran.after(async () => {
      const headers = headersOf(body, { event: 'issues', id: randomUUID() });
      const { status } = await fetch(`${url}/webhooks/github`, { method: 'POST', headers, body });
      acceptedAt = performance.now();
      if (status !== 202) throw new Error(`the server answered ${status}`);
    });
    took.push(performance.now() - acceptedAt);
  }
  return took;
};

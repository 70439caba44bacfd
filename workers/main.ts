import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { makeTelemetryFilterString, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { agentsToRegister, registerAgents } from '../activities/store/agent.repository.js';
import { beatHost } from '../activities/store/host.repository.js';
import { Failure } from '../domain/failures.js';
import { placesOfWork } from '../infra/config/layout.js';
import { type Config, loadConfig } from '../infra/config.js';
import { armFault } from '../infra/fault-point.js';
import { leastSpace } from '../infra/free-space.js';
import { createLogger, type Logger } from '../infra/logging.js';
import { waitForOwnerLock } from '../infra/owner-lock.js';
import { createPools, type Pools } from '../infra/pg/pools.js';
import { requireWelcome } from '../infra/pg/require-welcome.js';
import { connectionOptions, connectTemporal, type TemporalEndpoint, temporalEndpoint } from '../infra/temporal.js';
import { RenewedTemporal } from '../infra/temporal-renewal.js';
import { QUEUE } from '../workflows/contract/task-queues.js';
import { type ActivitySets, composeActivities } from './compose/activities.js';
import { type Host, openHost } from './compose/host.js';
import type { Janitor } from './compose/janitor.js';
import { agree } from './duties/agree.js';
import { runDuties } from './duties/duties.js';
import { restoreLostLandings } from './duties/lost-landings.js';
import { failureInterceptor } from './failure-interceptor.js';

const BUNDLE = join(import.meta.dirname, '../workflow-bundle.js');
const BRISK_SWEEP_MS = 30_000;
/** For so long a workflow waits for the process that remembers it, which may have been killed. */
const STICKY = { normal: '10 seconds', brisk: '2 seconds' } as const;
const BEAT_MS = 20_000;
/** A full host must not look dead: more slots than admitted runs times their parallel tools. */
const hostSlots = ({ limits }: Config): number => limits.concurrentWorkers * 2 + 4;

/** Config → ports → pollers → run → drain. */
async function main(): Promise<void> {
  const config = loadConfig();
  armFault(config.fault);
  const log = createLogger({ name: 'worker', level: config.logLevel });
  if (config.databaseUrl === undefined) throw new Failure('InvalidInput', 'DATABASE_URL is not set.');
  Runtime.install({
    // Our own handler drains the work; the SDK's would end the process first.
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN' }) } },
  });
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
  // What lies half-made in the data directory is swept away at the start: it must not be another worker's.
  const lock = await waitForOwnerLock(config.layout.workerLockFile, {
    signal: stopping.signal,
    onWait: ({ pid }) => log.warn({ pid }, 'another worker still runs in this data directory: waiting for its end'),
  });
  const endpoint = temporalEndpoint(config.temporal);
  const pools = createPools({ databaseUrl: config.databaseUrl, applicationName: 'millwright-worker' });
  await requireWelcome(pools.reads);
  const host = await openHost(config);
  if (host.whyNoSandbox !== undefined) log.error({ why: host.whyNoSandbox }, 'no sandbox: commands are refused');

  const native = await NativeConnection.connect(connectionOptions(endpoint));
  const engine = new RenewedTemporal(endpoint, await connectTemporal(endpoint));
  await register(config, pools, host, log, stopping.signal);
  const sets = composeActivities(config, pools, host);
  const ruins = await sets.janitor.clearRuins();
  if (ruins > 0) log.info({ removed: ruins }, 'swept what a killed predecessor left half-made');
  const restoreLost = (): Promise<number> =>
    restoreLostLandings({ ...sets.repositories, writes: pools.writes, log, signal: stopping.signal });
  // Before anything of it is worked on.
  await agree({ writes: pools.writes, client: engine.client, log, restoreLostLandings: restoreLost });
  const workers = await createWorkers(config, sets, host, native, endpoint);
  const duties = runDuties({
    databaseUrl: config.databaseUrl,
    writes: pools.writes,
    get client() {
      return engine.client;
    },
    log,
    signal: stopping.signal,
    restoreLostLandings: restoreLost,
    factory: {
      tuning: config.tuning,
      // What a killed process left behind is swept away while a demo or a test still runs.
      ...(config.tuning === 'brisk' ? { sweepMs: BRISK_SWEEP_MS } : {}),
      limits: { maxEpics: config.limits.concurrentEpics, maxWorkers: config.limits.concurrentWorkers },
    },
  });
  log.info({ hostId: host.hostId, queue: host.queue }, 'worker is ready');
  const swept = sweepAtStart(sets.janitor, engine.client, log, stopping.signal);
  await runAll(workers, stopping);
  await Promise.all([duties, swept]);
  await sets.settle();
  await pools.close();
  await engine.close();
  await native.close();
  lock.release();
}

/** Beside the work, for it may have to look at every project; the factory's next sweep repeats what fails. */
async function sweepAtStart(janitor: Janitor, client: Client, log: Logger, signal: AbortSignal): Promise<void> {
  try {
    const removed = await janitor.sweep(client, signal);
    if (removed > 0) log.info({ removed }, 'swept what work that has ended left behind');
  } catch (error) {
    if (!signal.aborted) log.warn({ message: String(error) }, 'the sweep at the start was interrupted');
  }
}

/** Pollers stop together: a process whose host poller is dead would let every turn wait out the queue timeout. */
async function runAll(workers: readonly Worker[], stopping: AbortController): Promise<void> {
  const running = workers.map((worker) => worker.run());
  stopping.signal.addEventListener('abort', () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  });
  try {
    await Promise.race(running);
  } finally {
    stopping.abort();
    await Promise.allSettled(running);
  }
}

async function register(config: Config, pools: Pools, host: Host, log: Logger, signal: AbortSignal): Promise<void> {
  await registerAgents(pools.writes, agentsToRegister(config.models, config.host.agents));
  const beat = async (): Promise<void> => {
    await beatHost(pools.writes, {
      hostId: host.hostId,
      queue: host.queue,
      slots: hostSlots(config),
      freeBytes: (await leastSpace(placesOfWork(config.layout))).freeBytes,
    });
  };
  await beat();
  const keepBeating = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(BEAT_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted)
        await beat().catch((error: unknown) => log.warn({ message: String(error) }, 'the host could not beat'));
    }
  };
  void keepBeating(); // ends with the signal and never rejects
}

async function createWorkers(
  config: Config,
  sets: ActivitySets,
  host: Host,
  connection: NativeConnection,
  { namespace }: TemporalEndpoint,
): Promise<readonly Worker[]> {
  const common: Partial<WorkerOptions> = {
    connection,
    namespace,
    interceptors: { activity: [failureInterceptor] },
    shutdownGraceTime: '30 seconds',
    shutdownForceTime: '35 seconds',
    // Cancellation arrives with a heartbeat's answer.
    maxHeartbeatThrottleInterval: '3 seconds',
    defaultHeartbeatThrottleInterval: '3 seconds',
  };
  const workflows = existsSync(BUNDLE)
    ? { workflowBundle: { codePath: BUNDLE } }
    : { workflowsPath: join(import.meta.dirname, '../workflows/index.js') };
  const options: readonly WorkerOptions[] = [
    {
      ...common,
      ...workflows,
      taskQueue: QUEUE.shared,
      activities: sets.shared,
      maxCachedWorkflows: 1000,
      stickyQueueScheduleToStartTimeout: STICKY[config.tuning],
      maxConcurrentActivityTaskExecutions: 50,
    },
    // The server spreads what all workers together may start: 1,000 model calls a minute.
    {
      ...common,
      taskQueue: QUEUE.model,
      activities: sets.model,
      maxConcurrentActivityTaskExecutions: 20,
      maxTaskQueueActivitiesPerSecond: 16,
    },
    {
      ...common,
      taskQueue: QUEUE.checks,
      activities: sets.checks,
      maxConcurrentActivityTaskExecutions: config.limits.checksPerHost,
    },
    { ...common, taskQueue: host.queue, activities: sets.host, maxConcurrentActivityTaskExecutions: hostSlots(config) },
  ];
  return Promise.all(options.map((one) => Worker.create(one)));
}

try {
  await main();
  process.exit(0);
} catch (error) {
  createLogger({ name: 'worker', level: 'info' }).fatal(
    error instanceof Failure ? { type: error.type, details: error.details, message: error.message } : { err: error },
    'worker failed',
  );
  process.exit(1);
}

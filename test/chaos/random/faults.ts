import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { PartName } from '../../support/e2e/instance.js';
import { sandboxesOf } from '../../support/e2e/killer.js';
import type { TcpFaultProxy } from '../../support/network/tcp-fault-proxy.js';
import { connectionStringOf } from '../database.js';
import type { ChaosWorld } from '../world.js';

export interface Target {
  readonly world: ChaosWorld;
  /** Between the instance and its model. */
  readonly model: TcpFaultProxy;
  readonly random: () => number;
}

/** Something that goes wrong at any moment, for a while; it is over when the promise is. */
export interface RandomFault {
  readonly name: string;
  /** Two faults of one part would undo each other. */
  readonly part: PartName | 'sandbox' | 'model';
  strike(target: Target): Promise<void>;
}

/** Of a part that is up. */
function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(pid, signal);
  } catch {
    // It died by itself meanwhile, or of another fault.
  }
}

const kill = (part: PartName): RandomFault => ({
  name: `kill ${part}`,
  part,
  strike: async ({ world }) => signalTo(world.instance.pidOf(part), 'SIGKILL'),
});

/** Longer than a heartbeat's timeout now and then. */
const freeze = (part: PartName): RandomFault => ({
  name: `freeze ${part}`,
  part,
  strike: async ({ world, random }) => {
    const pid = world.instance.pidOf(part);
    signalTo(pid, 'SIGSTOP');
    await sleep(1_000 + random() * 7_000);
    signalTo(pid, 'SIGCONT');
  },
});

const onModel = (name: string, harm: (target: Target) => Promise<void>): RandomFault => ({
  name: `model ${name}`,
  part: 'model',
  strike: (target) => harm(target).finally(() => target.model.heal()),
});

/** Runs statements on a connection of its own. */
const onDatabase = (name: string, work: (client: pg.Client, target: Target) => Promise<void>): RandomFault => ({
  name,
  part: 'postgres',
  strike: async (target) => {
    const client = new pg.Client({ connectionString: connectionStringOf(target.world.instance) });
    client.on('error', () => {}); // another fault took the server
    try {
      await client.connect();
      await work(client, target);
    } catch {
      // The server is away just now: that is a fault as well.
    } finally {
      await client.end().catch(() => {}); // it may be gone
    }
  },
});

const holdLock = onDatabase('ghost holds tables', async (client, { random }) => {
  await client.query('BEGIN');
  await client.query('LOCK TABLE task, run, outbox IN EXCLUSIVE MODE');
  await sleep(1_000 + random() * 5_000);
});

const endConnections = onDatabase('end connections', async (client) => {
  await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
});

const killSandbox: RandomFault = {
  name: 'kill sandbox',
  part: 'sandbox',
  strike: async ({ world, random }) => {
    const pids = sandboxesOf(world.instance.pidOf('worker'));
    signalTo(pids[Math.floor(random() * pids.length)] ?? 0, 'SIGKILL');
  },
};

const drain: RandomFault = {
  name: 'drain worker',
  part: 'worker',
  strike: async ({ world }) => signalTo(world.instance.pidOf('worker'), 'SIGTERM'),
};

export const RANDOM_FAULTS: readonly RandomFault[] = [
  ...(['worker', 'api', 'postgres', 'temporal'] as const).map(kill),
  ...(['worker', 'api', 'postgres', 'temporal'] as const).map(freeze),
  killSandbox,
  drain,
  holdLock,
  endConnections,
  onModel('resets', async ({ model }) => model.reset()),
  onModel('cut off', async ({ model, random }) => {
    model.set({ isCut: true });
    await sleep(1_000 + random() * 4_000);
  }),
  onModel('slow', async ({ model, random }) => {
    model.set({ latencyMs: 500, jitterMs: 1_000, bytesPerSecond: 2_000 });
    await sleep(2_000 + random() * 6_000);
  }),
  onModel('answers lost', async ({ model, random }) => {
    model.set({ dropsResponses: true });
    await sleep(500 + random() * 2_000);
  }),
];

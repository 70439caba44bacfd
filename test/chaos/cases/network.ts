import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TcpFaultProxy } from '../../support/network/tcp-fault-proxy.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { postOnce, postUntilAcknowledged } from '../keyed-post.js';
import { postgresThroughProxy, temporalThroughProxy } from '../through-proxy.js';
import { ChaosWorld } from '../world.js';

type Harm = (proxy: TcpFaultProxy, world: ChaosWorld, run: CaseRun) => Promise<void>;

const temporalBehind =
  (harm: Harm) =>
  async (run: CaseRun): Promise<void> => {
    const { proxy, env } = await temporalThroughProxy(run);
    const world = await ChaosWorld.open(run, { env });
    await world.addProject();
    const epicId = await world.fileEpic('a', 2);
    await sleep(500 + run.random() * 3_000);
    const harming = harm(proxy, world, run);
    await requireAnswers(world, epicId);
    await harming;
    proxy.heal();
    await world.verdict({ boughtAgain: 2 });
  };

/** The API acknowledges work without the engine, and says within its own deadline when it needs the engine and has none. */
async function requireAnswers(world: ChaosWorld, epicId: string): Promise<void> {
  const request = { path: '/epics', body: world.epicBody('b', 1), key: randomUUID() };
  const { body } = await postUntilAcknowledged(world.instance, request);
  world.expectEpic(body.id, 1);
  const control = await postOnce(world.instance, { path: `/epics/${epicId}/resume`, body: {}, key: randomUUID() });
  if (control === undefined) throw new Error('A command got no answer at all: it has no deadline.');
  if (![200, 409, 503].includes(control.status)) throw new Error(`A command was answered ${control.status}.`);
}

const slowTemporal: Harm = async (proxy, _world, run) => {
  run.note('each call to Temporal takes two seconds');
  proxy.set({ latencyMs: 900, jitterMs: 200, sliceBytes: 1_000 });
  await sleep(30_000);
};

const resetTemporal: Harm = async (proxy, _world, run) => {
  run.note('every connection to Temporal is reset, 15 times');
  for (let resets = 0; resets < 15; resets++) {
    await sleep(300 + run.random() * 2_000);
    proxy.reset();
  }
};

const halfOpenTemporal: Harm = async (proxy, _world, run) => {
  run.note('every connection to Temporal is open and silent');
  proxy.set({ isHalfOpen: true });
  await sleep(15_000);
};

const postgresBehind =
  (harm: Harm, env: NodeJS.ProcessEnv = {}) =>
  async (run: CaseRun): Promise<void> => {
    const database = await postgresThroughProxy(run);
    const world = await ChaosWorld.open(run, { env: { ...database.env, ...env } });
    await world.addProject();
    const pids = (): string => (['api', 'worker'] as const).map((name) => world.instance.pidOf(name)).join(' ');
    const before = pids();
    await world.fileEpic('a', 3);
    await sleep(1_000 + run.random() * 2_000);
    await harm(database.proxy, world, run);
    database.proxy.heal();
    await world.fileEpic('c', 1);
    await world.verdict();
    if (pids() !== before) throw new Error('A process ended because its connections did.');
  };

const halfOpenPostgres: Harm = async (proxy, _world, run) => {
  run.note('every connection to PostgreSQL is open and silent for good; new ones are silent for 8 s');
  proxy.set({ isHalfOpen: true });
  await sleep(8_000);
};

const cutPostgres: Harm = async (proxy, _world, run) => {
  run.note('PostgreSQL is out of reach for 10 s');
  proxy.set({ isCut: true });
  await sleep(10_000);
};

const WRITES = 25;
const LOSSES = 12;

/** What was committed and never acknowledged is there once, whoever asks again. */
const losePostgresAnswers: Harm = async (proxy, world, run) => {
  run.note(`${WRITES} keyed writes, and ${LOSSES} times the answers of PostgreSQL are lost on their way`);
  const losing = (async () => {
    for (let losses = 0; losses < LOSSES; losses++) {
      await sleep(300 + run.random() * 1_500);
      proxy.set({ dropsResponses: true });
      await sleep(30);
      proxy.heal();
    }
  })();
  const { projectId } = world;
  for (let index = 0; index < WRITES; index++) {
    const body = { to: { kind: 'human', id: 'ada' }, projectId, subject: `${index}`, body: 'A line.' };
    const answer = await postUntilAcknowledged(world.instance, { path: '/mail', body, key: randomUUID() });
    world.noteAcknowledged('mail', answer.body.id);
  }
  await losing;
  const rows = await world.instance.query<{ subject: string }>(`SELECT subject FROM mail WHERE subject ~ '^\\d+$'`);
  if (rows.length !== WRITES) throw new Error(`${WRITES} mails were acknowledged, and ${rows.length} are there.`);
};

const QUICK = { MILLWRIGHT_API_REQUESTS_PER_MINUTE: '60000' };

export const networkCases: readonly ChaosCase[] = [
  {
    name: '13-temporal-slow',
    does: 'every call to Temporal takes two seconds, in pieces, while an epic runs and another is filed',
    catches: 'a heartbeat or a deadline that a slow network breaks again and again',
    run: temporalBehind(slowTemporal),
  },
  {
    name: '13-temporal-resets',
    does: 'every connection to Temporal is reset, 15 times in half a minute',
    catches: 'a call that is not repeated, or repeated with a second effect',
    run: temporalBehind(resetTemporal),
  },
  {
    name: '13-temporal-half-open',
    does: 'every connection to Temporal stays open and silent; new ones too for 15 s',
    catches: 'a call without a deadline, or a process that waits on a dead connection for ever',
    run: temporalBehind(halfOpenTemporal),
  },
  {
    name: '16-postgres-answers-lost',
    does: `PostgreSQL gets what it is sent, and its answers are lost, ${LOSSES} times, under keyed writes`,
    catches: 'a commit whose answer was lost and that is made twice',
    run: postgresBehind(losePostgresAnswers, QUICK),
  },
  {
    name: '17-postgres-cut-off',
    does: 'PostgreSQL is out of reach for 10 s: every connection is cut, and new ones are refused',
    catches: 'work that is given up instead of tried again',
    run: postgresBehind(cutPostgres),
  },
  {
    name: '17-postgres-half-open',
    does: 'every connection to PostgreSQL stays open and never answers again; new ones are silent for 8 s',
    catches: 'a statement without a deadline; a lock that the session of a dead connection keeps for ever',
    run: postgresBehind(halfOpenPostgres),
  },
];

import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { scenarioOf, WORKER } from '../scenario.js';
import { ChaosWorld } from '../world.js';

/** Twice what the engine waits for a heartbeat under brisk timings. */
const BEYOND_HEARTBEAT_MS = 7_000;

const stopAt =
  (point: string) =>
  async (run: CaseRun): Promise<void> => {
    const nth = 1 + Math.floor(run.random() * 2);
    const world = await ChaosWorld.open(run, { env: { MILLWRIGHT_FAULT: `${point}:delay:${nth}` } });
    await world.addProject();
    await world.fileEpic('a', 2);
    await world.untilStruck();
    run.note(`the worker stands still at ${point} until the engine has given it up`);
    const pid = world.instance.pidOf('worker');
    process.kill(pid, 'SIGSTOP');
    await sleep(BEYOND_HEARTBEAT_MS);
    process.kill(pid, 'SIGCONT');
    await world.verdict({ boughtAgain: 2 });
  };

async function drain(run: CaseRun): Promise<void> {
  const slow = { ...WORKER, steps: WORKER.steps?.map((step) => ({ ...step, delayMs: 1_500 })) ?? [] };
  const world = await ChaosWorld.open(run, { scenario: scenarioOf(slow) });
  await world.addProject();
  await world.fileEpic('a', 2);
  const hasTurns = (): Promise<boolean> => world.instance.query('SELECT 1 FROM turn').then((rows) => rows.length > 1);
  await until(hasTurns, { everyMs: 100 });
  run.note('SIGTERM to the worker in the middle of a turn');
  const pid = world.instance.pidOf('worker');
  process.kill(pid, 'SIGTERM');
  await until(() => world.instance.pidOf('worker') !== pid, { everyMs: 100 });
  await world.verdict();
  const failed = await world.instance.query<{ state: string }>(
    `SELECT state FROM run WHERE state NOT IN ('completed') UNION ALL SELECT state FROM task WHERE attempts > 1`,
  );
  if (failed.length > 0)
    throw new Error(`A drain counted as a failure: ${failed.map(({ state }) => state).join(', ')}`);
}

const KILLS = 12;
const EPICS = 6;

async function killAgainAndAgain(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  for (let epic = 1; epic <= EPICS; epic++) await world.fileEpic(`e${epic}`, 2);
  for (let kills = 1; kills <= KILLS; kills++) {
    await sleep(5_000);
    run.note(`SIGKILL to the worker, ${kills} of ${KILLS}`);
    await world.instance.kill('worker');
  }
  // Every agent may have had a call in flight at each kill.
  await world.verdict({ boughtAgain: KILLS * EPICS * 2 });
}

export const workerCases: readonly ChaosCase[] = [
  {
    name: '2-worker-killed-every-5s',
    does: `SIGKILL to the worker every 5 s, ${KILLS} times, under ${EPICS} epics`,
    catches: 'work that is begun again and again and never comes further',
    run: killAgainAndAgain,
  },
  ...(['push.before-call', 'merge.before-call', 'tool-call.before-call', 'checkpoint.before-call'] as const).map(
    (point): ChaosCase => ({
      name: `3-zombie-${point.split('.')[0]}`,
      does: `SIGSTOP to the worker at ${point}, beyond the heartbeat, then SIGCONT: the dead attempt goes on`,
      catches: 'a late write of an attempt that another one has replaced',
      run: stopAt(point),
    }),
  ),
  {
    name: '4-worker-drains',
    does: 'SIGTERM to the worker in the middle of a turn',
    catches: 'a stop of the worker that costs a task an attempt, or a call that is thrown away and bought again',
    run: drain,
  },
];

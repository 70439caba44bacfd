import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { HomeLayout } from '../../../infra/config/layout.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { REPEATABLE_WORKER, scenarioOf } from '../scenario.js';
import { ChaosWorld } from '../world.js';

/** Files with their owners, as a backup of the disk would hold them. */
const copyDirectory = (from: string, to: string): void => {
  rmSync(to, { recursive: true, force: true });
  execFileSync('cp', ['-a', from, to]);
};

/** The engine works on what the rows know as done, and knows nothing of what came after its copy. */
async function oldStore(run: CaseRun): Promise<void> {
  const slow = {
    ...REPEATABLE_WORKER,
    steps: REPEATABLE_WORKER.steps?.map((step) => ({ ...step, delayMs: 500 })) ?? [],
  };
  const world = await ChaosWorld.open(run, { scenario: scenarioOf(slow) });
  const { instance } = world;
  const saved = join(instance.directory, 'store-of-an-hour-ago');
  await world.addProject();
  await world.fileEpic('a', 2);
  await world.fileEpic('b', 1);
  const turns = 1 + Math.floor(run.random() * 4);
  await until(async () => (await instance.query('SELECT 1 FROM turn')).length >= turns, { everyMs: 100 });
  run.note('the store of the Temporal server is copied, and the work goes on');
  await instance.restart({ whileDown: ({ temporal }: HomeLayout) => copyDirectory(temporal, saved) });
  await until(async () => (await instance.query(`SELECT 1 FROM epic WHERE state = 'COMPLETED'`)).length > 0, {
    everyMs: 200,
    atMostMs: 300_000,
  });
  run.note('an epic has landed; the copy is put back');
  await instance.restart({ whileDown: ({ temporal }: HomeLayout) => copyDirectory(saved, temporal) });
  await world.verdict({ boughtAgain: 20 });
}

export const restoredCases: readonly ChaosCase[] = [
  {
    name: '15-temporal-store-outdated',
    does: 'the store of the Temporal server is put back to an earlier moment, after an epic has ended',
    catches: 'workflows that go on with work which has landed; a second pull request or landing of a task',
    run: oldStore,
  },
];

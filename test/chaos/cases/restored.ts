import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
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

const isOfLostWork = (finding: string): boolean =>
  /refs\/(heads\/millwright\/(epic\/epic-lost|lost-1)-|millwright\/wip\/)/.test(finding);

/**
 * Engine and git know of an hour that the rows do not: of pull requests, landings and whole epics. What the rows still
 * have must end well, once; what they have lost must leave nothing that runs for ever.
 */
async function oldRows(run: CaseRun): Promise<void> {
  const slow = {
    ...REPEATABLE_WORKER,
    steps: REPEATABLE_WORKER.steps?.map((step) => ({ ...step, delayMs: 1_000 })) ?? [],
  };
  const world = await ChaosWorld.open(run, { scenario: scenarioOf(slow) });
  const { instance } = world;
  const saved = join(instance.directory, 'rows-of-an-hour-ago');
  await world.addProject();
  await world.fileEpic('a', 3);
  await world.fileEpic('b', 1);
  const turns = 1 + Math.floor(run.random() * 6);
  await until(async () => (await instance.query('SELECT 1 FROM turn')).length >= turns, { everyMs: 100 });
  run.note('the rows are copied, and the work goes on');
  await instance.restart({ whileDown: ({ postgres }: HomeLayout) => copyDirectory(postgres, saved) });
  await world.api.post('/epics', world.epicBody('lost', 1));
  const landings = 2 + Math.floor(run.random() * 3);
  await until(
    async () => (await instance.query(`SELECT 1 FROM pull_request WHERE state = 'merged'`)).length >= landings,
    { everyMs: 200, atMostMs: 300_000 },
  );
  const merged = await instance.query<{ id: string }>(
    `SELECT task_id AS id FROM pull_request WHERE state = 'merged' AND task_id IS NOT NULL`,
  );
  const keepsEngine = run.random() < 0.5;
  run.note(`${landings} merges later the rows are put back; the engine ${keepsEngine ? 'stays' : 'is lost'}`);
  const putBackAt = new Date().toISOString();
  await instance.restart({
    whileDown: ({ postgres, temporal }: HomeLayout) => {
      copyDirectory(saved, postgres);
      if (keepsEngine) return;
      rmSync(temporal, { recursive: true });
      mkdirSync(temporal);
    },
  });
  await world.untilDone();
  // What was spent, and whose work the branches of unknown work are, went with the rows.
  await world.holds({
    isKnown: ({ id, subject, detail }) => id === 'I7' || (id === 'I8' && isOfLostWork(`${subject} ${detail}`)),
  });
  const ids = merged.map(({ id }) => `'${id}'`).join(', ') || 'NULL';
  const again = `SELECT 1 FROM run WHERE task_id IN (${ids}) AND created_at > '${putBackAt}'`;
  const { length: runsAgain } = await instance.query(again);
  if (runsAgain > 0) throw new Error(`${runsAgain} runs were started for tasks that had landed before.`);
  const { pullCommand } = await world.api.get(`/projects/${world.projectId}`);
  const numbers = await world.pulledMerges(String(pullCommand));
  const subjects = execFileSync('git', ['log', '--format=%s'], { cwd: world.source, encoding: 'utf8' }).split('\n');
  const times = ['a-1', 'a-2', 'a-3', 'b-1'].map(
    (task) => subjects.filter((one) => one.startsWith(`${task} (#`)).length,
  );
  if (times.some((count) => count !== 1) || new Set(numbers).size !== numbers.length)
    throw new Error(
      `Each task lands once; they landed ${times.join(', ')} times, by ${[...numbers].sort().join(', ')}.`,
    );
}

export const restoredCases: readonly ChaosCase[] = [
  {
    name: '15-temporal-store-outdated',
    does: 'the store of the Temporal server is put back to an earlier moment, after an epic has ended',
    catches: 'workflows that go on with work which has landed; a second pull request or landing of a task',
    run: oldStore,
  },
  {
    name: '15-rows-of-an-hour-ago',
    does: 'the database alone is put back to an earlier moment; git keeps what came after it, the Temporal server does or is emptied',
    catches: 'a task that is done and landed again because its rows do not know that it was',
    run: oldRows,
  },
];

import { existsSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { scenarioOf, WORKER } from '../scenario.js';
import { ChaosWorld } from '../world.js';

type Harm = (world: ChaosWorld) => void;

const STRIKES = 3;

const RUN = { tool: 'run_command', input: { command: 'echo ran > {{task}}.log' } };

/** A lost turn may come again: the command writes its line instead of adding one, and the last step leaves something. */
const REPEATABLE = {
  ...WORKER,
  steps: [
    { calls: [{ tool: 'write_file', input: { path: '{{task}}.txt', content: '{{task}}\n' } }], delayMs: 1_500 },
    { calls: [RUN], delayMs: 1_500 },
    { calls: [RUN, { tool: 'task_complete', input: { summary: 'Wrote {{task}}.' } }], delayMs: 1_500 },
  ],
  repeat: true,
};

const between =
  (what: string, harm: Harm) =>
  async (run: CaseRun): Promise<void> => {
    const world = await ChaosWorld.open(run, { scenario: scenarioOf(REPEATABLE) });
    await world.addProject();
    await world.fileEpic('a', 4);
    let turns = 0;
    const sealed = async (): Promise<number> => {
      const [row] = await world.instance.query<{ turns: string }>('SELECT count(*) AS turns FROM turn');
      return Number(row?.turns);
    };
    for (let strikes = 1; strikes <= STRIKES; strikes++) {
      await until(async () => (await sealed()) > turns, { everyMs: 50 });
      turns = await sealed();
      run.note(`${what}, ${strikes} of ${STRIKES}`);
      harm(world);
    }
    await world.verdict();
  };

/** Of every tree in use. */
const truncateIndexes: Harm = ({ instance: { layout } }) => {
  const live = join(layout.trees, 'live');
  const indexes = readdirSync(live).map((name) => join(live, name, 'git', 'index'));
  for (const index of indexes.filter(existsSync)) truncateSync(index, Math.floor(statSync(index).size / 2));
};

const JUNK: Readonly<Record<string, string>> = {
  'refs/heads/junk': 'neither a commit nor a name\n',
  'refs/heads/gone': `${'f'.repeat(40)}\n`,
  'refs/millwright/wip/junk': `${'0'.repeat(40)}\n`,
  'refs/millwright/wip/empty': '',
};

const addJunkRefs: Harm = (world) => {
  const mirror = mirrorOf(world);
  for (const [name, text] of Object.entries(JUNK)) {
    mkdirSync(join(mirror, name, '..'), { recursive: true });
    writeFileSync(join(mirror, name), text);
  }
};

const mirrorOf = ({ instance: { layout }, projectId }: ChaosWorld): string => join(layout.mirrors, `${projectId}.git`);

export const damagedGitCases: readonly ChaosCase[] = [
  {
    name: '24-index-truncated',
    does: `the private indexes of all trees are cut in half, ${STRIKES} times, each after a turn`,
    catches: 'a commit of what a broken index says, or a task that ends with its index',
    run: between('the indexes are cut in half', truncateIndexes),
  },
  {
    name: '24-junk-refs',
    does: `refs that name nothing are put into the mirror, ${STRIKES} times, each after a turn`,
    catches: 'one broken ref that stops every command on its repository',
    run: between('junk among the refs', addJunkRefs),
  },
];

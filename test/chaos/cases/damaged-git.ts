import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
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

/** All that are in no pack, as a power cut leaves what was written last: of which turn, hangs on no moment then. */
const zeroObjects: Harm = (world) => {
  const mirror = mirrorOf(world);
  const loose = filesBelow(join(mirror, 'objects')).filter((path) => /\/[0-9a-f]{2}\/[0-9a-f]{38}$/.test(path));
  for (const path of loose) {
    chmodSync(path, 0o644);
    truncateSync(path, 0);
  }
};

/** One after the other: cut off, zeroed, rewritten so that no file of the tree would be kept any more. */
const damageRecords = (): Harm => {
  let strike = 0;
  return ({ instance: { layout } }) => {
    const live = join(layout.trees, 'live');
    const records = readdirSync(live).map((name) => join(live, name, 'tree.json'));
    for (const record of records.filter(existsSync)) {
      const text = readFileSync(record, 'utf8');
      const damaged = [
        text.slice(0, text.length / 2),
        '\0'.repeat(text.length),
        text.replace('"excluded":[]', '"excluded":["*"]'),
      ];
      writeFileSync(record, damaged[strike % damaged.length] ?? '');
    }
    strike += 1;
  };
};

const HEADER_BYTES = 32;
/** No object of these small repositories is longer by much. */
const EVERY_BYTES = 256;

/** Packed first, so that it hits what the last turns made; a pack of later strikes is as it is. */
const flipBits: Harm = (world) => {
  const mirror = mirrorOf(world);
  spawnSync('git', ['repack', '-a', '-d', '--quiet'], { cwd: mirror });
  for (const path of filesBelow(join(mirror, 'objects')).filter((one) => one.endsWith('.pack'))) {
    chmodSync(path, 0o644);
    const descriptor = openSync(path, 'r+');
    for (let at = HEADER_BYTES; at < statSync(path).size; at += EVERY_BYTES)
      writeSync(descriptor, Buffer.alloc(4, 0xa5), 0, 4, at);
    closeSync(descriptor);
  }
};

const filesBelow = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.path, entry.name))
    .filter(existsSync);

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
  {
    name: '24-object-zeroed',
    does: `all loose objects of the mirror are emptied, ${STRIKES} times, each after a turn`,
    catches: 'a task that is lost with an object, or a commit that nobody can read',
    run: between('objects are emptied', zeroObjects),
  },
  {
    name: '24-pack-bit-flip',
    does: `some bytes of every stretch of the mirror’s packs are changed, ${STRIKES} times, each after a turn`,
    catches: 'a mirror that stays broken although the forge has everything',
    run: between('bytes of the packs are changed', flipBits),
  },
  {
    name: '24-tree-record-damaged',
    does: `the records of all trees are cut off, then zeroed, then rewritten, ${STRIKES} times, each after a turn`,
    catches: 'a tree that is trusted for what somebody else wrote about it',
    run: (run) => between('the records of the trees are damaged', damageRecords())(run),
  },
];

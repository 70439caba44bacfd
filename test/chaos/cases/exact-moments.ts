import type { FaultPoint } from '../../../infra/fault-point.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { ChaosWorld } from '../world.js';

interface Moment {
  readonly point: FaultPoint;
  readonly catches: string;
  /** Calls that are lost with the process. Default 0. */
  readonly boughtAgain?: number;
}

/** Row 1: the worker is killed at each moment of each effect. */
const KILLS: readonly Moment[] = [
  { point: 'push.before-call', catches: 'a branch that is believed to be pushed before it is' },
  {
    point: 'push.after-call-before-record',
    catches: 'a push that is refused as somebody else’s because its answer was lost',
  },
  { point: 'pull-request.before-call', catches: 'a task that waits for a pull request nobody opens' },
  {
    point: 'pull-request.after-call-before-record',
    catches: 'a second pull request of a task whose first was opened without an answer',
  },
  { point: 'merge.before-call', catches: 'an entry that is marked as landed before it is' },
  {
    point: 'merge.after-call-before-record',
    catches: 'a merge that is made twice, or taken for an outsider’s, because its answer was lost',
  },
  {
    point: 'merge.after-record-before-ack',
    catches: 'a queue that stands still behind a pull request marked as merged',
  },
  { point: 'model-call.before-call', catches: 'a reservation that holds a budget for ever' },
  {
    point: 'model-call.after-call-before-record',
    boughtAgain: 1,
    catches: 'a reply in flight that is on the vendor’s bill and not in the ledger',
  },
  { point: 'model-call.after-record-before-ack', catches: 'a kept reply that is bought again' },
  { point: 'tool-call.before-call', catches: 'a claimed call that is never answered' },
  { point: 'tool-call.after-call-before-record', catches: 'a command that runs twice in one tree' },
  { point: 'tool-call.after-record-before-ack', catches: 'a recorded call that runs again' },
  { point: 'tree.before-call', catches: 'a half-made tree that is taken for a whole one' },
  { point: 'tree.after-call-before-record', catches: 'a tree that belongs to nobody and is never removed' },
  { point: 'tree.after-record-before-ack', catches: 'a second tree for one task' },
  { point: 'checkpoint.before-call', catches: 'a turn that counts as kept though its files are not' },
  { point: 'checkpoint.after-call-before-record', catches: 'a checkpoint that no turn knows of' },
  { point: 'checkpoint.after-record-before-ack', catches: 'a sealed turn that is taken again' },
];

/** Row 27 and its likes: the effect came, and its answer was lost on the way. */
const LOST_ANSWERS: readonly Moment[] = [
  { point: 'push.after-call-before-record', catches: 'a push that is repeated instead of read back' },
  { point: 'pull-request.after-call-before-record', catches: 'a pull request that is opened again' },
  { point: 'merge.after-call-before-record', catches: 'a landing that is repeated on top of itself' },
  {
    point: 'model-call.after-call-before-record',
    boughtAgain: 1,
    catches: 'a call whose answer was lost and whose cost is in no book',
  },
];

async function strikeOnce(run: CaseRun, { point, boughtAgain = 0 }: Moment, action: string): Promise<void> {
  const nth = 1 + Math.floor(run.random() * 2);
  // One task after the other: a call of the other one, in flight when the worker dies, would be bought again by right.
  const env = { MILLWRIGHT_FAULT: `${point}:${action}:${nth}`, MILLWRIGHT_MAX_WORKERS: '1' };
  const world = await ChaosWorld.open(run, { env });
  await world.addProject();
  run.note(`an epic of two tasks; ${action} at passage ${nth} of ${point}`);
  await world.fileEpic('a', 2);
  await world.verdict({ boughtAgain });
  const found = await world.instance.query(`SELECT 1 FROM queue_entry WHERE state = 'landed' AND reason IS NOT NULL`);
  if (found.length > 0) throw new Error('The queue took its own landing for somebody else’s.');
  if (!world.hasStruck) throw new Error(`The work never passed ${point} ${nth} times.`);
}

export const exactMoments: readonly ChaosCase[] = [
  ...KILLS.map((moment) => ({
    name: `1-kill-${moment.point.replace('.', '-')}`,
    does: `SIGKILL to the worker: ${moment.point}`,
    catches: moment.catches,
    run: (run: CaseRun) => strikeOnce(run, moment, 'kill'),
  })),
  ...LOST_ANSWERS.map((moment) => ({
    name: `27-lost-answer-${moment.point.split('.')[0]}`,
    does: `the connection is lost: ${moment.point}`,
    catches: moment.catches,
    run: (run: CaseRun) => strikeOnce(run, moment, 'drop-response'),
  })),
];

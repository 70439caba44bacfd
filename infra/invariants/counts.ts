import { lostMail } from './acknowledged.js';
import { redCommits } from './forward.js';
import { findLeftovers } from './leftovers.js';
import type { Truths } from './truths.js';

/** What there is, and what must be none. */
export interface Counts {
  readonly epics: number;
  readonly epicsCompleted: number;
  readonly tasks: number;
  readonly tasksCompleted: number;
  readonly pullRequests: number;
  readonly merges: number;
  readonly redCommits: number;
  /** Replies that are kept. */
  readonly repliesBought: number;
  /** Whole replies that the vendor billed again for one request; absent without a bill. */
  readonly repliesBoughtTwice?: number;
  readonly lostMails: number;
  readonly processesLeft: number;
  readonly treesLeft: number;
  readonly locksLeft: number;
  readonly branchesLeft: number;
}

type Rows = Pick<
  Counts,
  'epics' | 'epicsCompleted' | 'tasks' | 'tasksCompleted' | 'pullRequests' | 'merges' | 'repliesBought'
>;

export async function count(truths: Truths): Promise<Counts> {
  const { rows } = await truths.db.query<Rows>({
    text: `SELECT (SELECT count(*) FROM epic) AS epics,
                  (SELECT count(*) FROM epic WHERE state = 'COMPLETED') AS "epicsCompleted",
                  (SELECT count(*) FROM task) AS tasks,
                  (SELECT count(*) FROM task WHERE state = 'COMPLETED') AS "tasksCompleted",
                  (SELECT count(*) FROM pull_request) AS "pullRequests",
                  (SELECT count(DISTINCT landed_sha) FROM queue_entry WHERE state = 'landed') AS merges,
                  (SELECT count(*) FROM usage_ledger WHERE state = 'settled') AS "repliesBought"`,
  });
  const [row] = rows;
  const none: Rows = {
    epics: 0,
    epicsCompleted: 0,
    tasks: 0,
    tasksCompleted: 0,
    pullRequests: 0,
    merges: 0,
    repliesBought: 0,
  };
  const left = await findLeftovers(truths);
  return {
    ...(row ?? none),
    redCommits: (await redCommits(truths)).length,
    ...(truths.bill ? { repliesBoughtTwice: boughtTwice(truths.bill) } : {}),
    lostMails: (await lostMail(truths)).length,
    processesLeft: left.processes.length,
    treesLeft: left.trees.length,
    locksLeft: left.locks.length,
    branchesLeft: left.refs.length,
  };
}

function boughtTwice(bill: NonNullable<Truths['bill']>): number {
  const whole = bill.filter(({ complete }) => complete);
  return whole.length - new Set(whole.map(({ requestHash }) => requestHash)).size;
}

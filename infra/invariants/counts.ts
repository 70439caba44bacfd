import { lostMail } from './acknowledged.js';
import { redCommits } from './forward.js';
import { findLeftovers } from './leftovers.js';
import { boughtAgain } from './money.js';
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
  /** Calls that ended without a kept reply: in flight when a process died, or broken off by the vendor. */
  readonly callsLost: number;
  /** Replies bought again though they were kept, or past the books. */
  readonly repliesBoughtTwice: number;
  readonly lostMails: number;
  readonly processesLeft: number;
  readonly treesLeft: number;
  readonly locksLeft: number;
  readonly branchesLeft: number;
}

type Rows = Pick<
  Counts,
  'epics' | 'epicsCompleted' | 'tasks' | 'tasksCompleted' | 'pullRequests' | 'merges' | 'repliesBought' | 'callsLost'
>;

export async function count(truths: Truths): Promise<Counts> {
  const { rows } = await truths.db.query<Rows>({
    text: `SELECT (SELECT count(*) FROM epic) AS epics,
                  (SELECT count(*) FROM epic WHERE state = 'COMPLETED') AS "epicsCompleted",
                  (SELECT count(*) FROM task) AS tasks,
                  (SELECT count(*) FROM task WHERE state = 'COMPLETED') AS "tasksCompleted",
                  (SELECT count(*) FROM pull_request) AS "pullRequests",
                  (SELECT count(DISTINCT landed_sha) FROM queue_entry WHERE state = 'landed') AS merges,
                  (SELECT count(*) FROM usage_ledger WHERE state = 'settled') AS "repliesBought",
                  (SELECT count(*) FROM usage_ledger WHERE state = 'lost') AS "callsLost"`,
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
    callsLost: 0,
  };
  const left = await findLeftovers(truths);
  const counted = row ?? none;
  return {
    ...counted,
    redCommits: (await redCommits(truths)).length,
    repliesBoughtTwice: (await boughtAgain(truths)).length + pastTheBooks(truths.bill ?? [], counted.callsLost),
    lostMails: (await lostMail(truths)).length,
    processesLeft: left.processes.length,
    treesLeft: left.trees.length,
    locksLeft: left.locks.length,
    branchesLeft: left.refs.length,
  };
}

/** Whole replies that were billed for one request again, beyond the calls that the ledger knows to be lost. */
function pastTheBooks(bill: NonNullable<Truths['bill']>, callsLost: number): number {
  const whole = bill.filter(({ complete }) => complete);
  const again = whole.length - new Set(whole.map(({ requestHash }) => requestHash)).size;
  return Math.max(0, again - callsLost);
}

import { promiseTable } from '../../cli/invariants.js';
import { table } from '../../cli/output.js';
import { loadConfig } from '../../infra/config.js';
import type { Counts } from '../../infra/invariants/counts.js';
import { type Finding, INVARIANTS } from '../../infra/invariants/finding.js';
import type { Kill } from '../support/e2e/killer.js';
import { settle } from '../support/e2e/settle.js';
import { type BilledCall, readRecord } from '../support/model-server/record.js';
import { mergesIn, redAmong } from './recheck.js';
import { heading } from './report.js';
import { tally } from './under-fire.js';

/** What the scenario plans, known without asking Millwright. */
export const TASKS = 7;

export interface Evidence {
  readonly counts: Counts;
  readonly findings: readonly Finding[];
  /** The model server's own record. */
  readonly bill: readonly BilledCall[];
  readonly kills: readonly Kill[];
  /** Pull requests whose merge came with the `git pull`, by number. */
  readonly pulled: readonly number[];
  /** Of those merges, the ones on which a check of the repository fails when it is run here once more. */
  readonly red: readonly number[];
}

export interface CountRow {
  readonly what: string;
  readonly is: number;
  /** Absent: any number is right. */
  readonly must?: number;
  readonly how: string;
}

/** What is counted at the end, against what it must be. */
export function countRows({ counts, findings, bill, kills, pulled, red }: Evidence): readonly CountRow[] {
  const again = boughtAgain(bill);
  const unexplained = again.filter(({ from, to }) => !kills.some(({ atMs }) => atMs >= from && atMs <= to));
  return [
    { what: 'epics completed', is: counts.epicsCompleted, must: 1, how: 'of 1 that was filed' },
    { what: 'tasks completed', is: counts.tasksCompleted, must: TASKS, how: 'that the scenario plans' },
    { what: 'pull requests', is: counts.pullRequests, must: TASKS + 1, how: 'one a task, one for the epic' },
    { what: 'merges', is: counts.merges, must: TASKS + 1, how: 'in the records of the merge queue' },
    { what: 'merges that git pulled', is: new Set(pulled).size, must: TASKS + 1, how: 'each pull request once' },
    none('merged twice', pulled.length - new Set(pulled).size, 'in the pulled history'),
    none('red commits', counts.redCommits + red.length, 'each merge checked out and checked again'),
    { what: 'replies bought', is: counts.repliesBought, how: `${bill.length} calls on the model server’s own bill` },
    none('bought twice', counts.repliesBoughtTwice + unexplained.length, inFlight(again.length)),
    none('lost mails', counts.lostMails, 'answers that did not reach who waits'),
    none('processes left', counts.processesLeft, 'in sandboxes'),
    none('trees left', counts.treesLeft, 'working trees of agents and checks'),
    none('locks left', counts.locksLeft, 'of git'),
    none('branches left', counts.branchesLeft, 'of tasks and of the epic'),
    none('promises broken', findings.length, `of ${Object.keys(INVARIANTS).length} that the checker compares`),
  ];
}

export const none = (what: string, is: number, how: string): CountRow => ({ what, is, must: 0, how });

export const isRight = ({ is, must }: CountRow): boolean => must === undefined || is === must;

export const countTable = (rows: readonly CountRow[]): string =>
  table(
    [
      { title: ' ', of: ({ mark }) => mark },
      { title: 'count', of: ({ what }) => what },
      { title: 'is', of: ({ is }) => String(is).padStart(2) },
      { title: 'must be', of: ({ must }) => (must === undefined ? '–' : must) },
      { title: 'counted', of: ({ how }) => how, max: 90 },
    ],
    rows.map((row) => ({ ...row, mark: isRight(row) ? '✔' : '✘' })),
  );

const inFlight = (times: number): string =>
  times === 0 ? 'no call was in flight at a kill' : `except ${times} in flight at a kill, which nobody had received`;

/** Waits for the dust to settle, compares everything with everything, prints it; answers whether all of it is right. */
export async function printVerdict(
  run: {
    readonly epicId: string;
    readonly source: string;
    readonly record: string;
    readonly kills: readonly Kill[];
    /** What others counted. */
    readonly more: readonly CountRow[];
  },
  say: (text: string) => void,
): Promise<boolean> {
  const { epicId, source, record, kills, more } = run;
  const bill = readRecord(record).filter((line) => line.kind === 'billed');
  const { counts, findings } = await settle(loadConfig(), { bill, acknowledged: [{ kind: 'epic', id: epicId }] });
  const merges = mergesIn(source);
  const pulled = merges.map(({ number }) => number);
  const rows = [...countRows({ counts, findings, bill, kills, pulled, red: redAmong(source, merges) }), ...more];
  say(heading('what was killed'));
  say(`${kills.length} SIGKILLs: ${tally(kills)}`);
  say(heading('what became of it'));
  say(countTable(rows));
  say(heading('what is promised'));
  say(promiseTable(findings));
  for (const { id, subject, detail } of findings) say(`${id} ${subject} ${detail}`);
  return rows.every(isRight);
}

/** A call is billed at its end: it was in flight before that too. */
const CALL_MS = 1_000;

/** Requests whose whole reply was billed again, with the time from the one call to the other. */
function boughtAgain(bill: readonly BilledCall[]): readonly { readonly from: number; readonly to: number }[] {
  const lastAt = new Map<string, number>();
  return bill
    .filter(({ complete }) => complete)
    .flatMap(({ requestHash, at }) => {
      const from = lastAt.get(requestHash);
      const to = Date.parse(at);
      lastAt.set(requestHash, to);
      return from === undefined ? [] : [{ from: from - CALL_MS, to }];
    });
}

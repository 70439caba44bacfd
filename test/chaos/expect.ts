import type { InvariantReport } from '../../infra/invariants/check.js';
import type { Counts } from '../../infra/invariants/counts.js';

/** What must have come of the work that was filed. */
export interface Landed {
  readonly epics: number;
  readonly tasks: number;
  readonly landings: number;
}

/** @throws naming every count that is not as it must be */
export function sameCounts(counts: Counts, { epics, tasks, landings }: Landed): void {
  const must: Partial<Counts> = {
    epics,
    epicsCompleted: epics,
    tasks,
    tasksCompleted: tasks,
    pullRequests: landings,
    merges: landings,
    redCommits: 0,
    repliesBoughtTwice: 0,
    lostMails: 0,
    processesLeft: 0,
    treesLeft: 0,
    locksLeft: 0,
    branchesLeft: 0,
  };
  const wrong = (Object.keys(must) as (keyof Counts)[]).filter((name) => counts[name] !== must[name]);
  if (wrong.length > 0)
    throw new Error(wrong.map((name) => `${name} is ${counts[name]} and must be ${must[name]}`).join('; '));
}

export const describeWrong = ({ findings }: InvariantReport): string =>
  findings.map(({ id, subject, detail }) => `${id} ${subject} ${detail}`).join('\n');

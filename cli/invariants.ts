import { loadConfig } from '../infra/config.js';
import { checkInvariants, type InvariantReport } from '../infra/invariants/check.js';
import type { Counts } from '../infra/invariants/counts.js';
import { type Finding, INVARIANTS } from '../infra/invariants/finding.js';
import { openHome, type WorkflowWords } from '../infra/invariants/open-home.js';
import { epicWorkflowId, queueWorkflowId, runWorkflowId, taskWorkflowId } from '../workflows/contract/ids.js';
import { SEARCH_ATTRIBUTE } from '../workflows/contract/search-attributes.js';
import { CliError, EXIT } from './errors.js';
import { details, type Output, printJson, table } from './output.js';

/** How the instance's workflows are called. */
export const WORDS: WorkflowWords = {
  ids: { epic: epicWorkflowId, task: taskWorkflowId, run: runWorkflowId, queue: queueWorkflowId },
  stateAttribute: SEARCH_ATTRIBUTE.state.name,
};

/** `doctor --deep`: everything compared with everything, on this home. */
export async function printInvariants(out: Output): Promise<void> {
  const config = loadConfig();
  const home = await openHome(config, WORDS);
  if (home === undefined) throw new CliError(`Millwright is not running in ${config.layout.home}.`, EXIT.failed);
  const report = await checkInvariants(home.truths).finally(() => home.close());
  if (out.json) printJson(out, report);
  else out.line(reportText(report));
  if (report.findings.length > 0) throw new CliError('Not everything is as it must be.', EXIT.failed);
}

/** Each promise with its verdict. */
export function promiseTable(findings: readonly Finding[]): string {
  const rows = Object.entries(INVARIANTS).map(([id, promise]) => {
    const own = findings.filter((finding) => finding.id === id);
    const isViolated = own.some(({ verdict }) => verdict === 'violated');
    return { id, promise, verdict: isViolated ? `VIOLATED (${own.length})` : own.length > 0 ? 'unknown' : 'holds' };
  });
  return table(
    [
      { title: 'id', of: (row) => row.id },
      { title: 'promise', of: (row) => row.promise, max: 90 },
      { title: 'verdict', of: (row) => row.verdict },
    ],
    rows,
  );
}

export function reportText({ findings, counts }: InvariantReport): string {
  const parts = [
    promiseTable(findings),
    details(Object.entries(LABELS).map(([key, label]) => [label, counts[key as keyof Counts]])),
    ...findings.map(
      ({ id, verdict, subject, detail, remedy }) => `${id} ${verdict}  ${subject} ${detail}\n        → ${remedy}`,
    ),
  ];
  return parts.join('\n\n');
}

const LABELS: Readonly<Record<keyof Counts, string>> = {
  epics: 'epics',
  epicsCompleted: 'epics completed',
  tasks: 'tasks',
  tasksCompleted: 'tasks completed',
  pullRequests: 'pull requests',
  merges: 'merges',
  redCommits: 'red commits',
  repliesBought: 'replies bought',
  callsLost: 'calls lost in flight',
  repliesBoughtTwice: 'replies bought twice',
  lostMails: 'lost mails',
  processesLeft: 'processes left',
  treesLeft: 'trees left',
  locksLeft: 'locks left',
  branchesLeft: 'branches left',
};

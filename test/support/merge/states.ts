import { type Admission, admit } from '../../../domain/merge/admit.js';
import { SEQUENTIAL, TOUCHES_ALL } from '../../../domain/merge/config.js';
import { type Plan, plan } from '../../../domain/merge/plan.js';
import { inspected } from '../../../domain/merge/remote.js';
import { buildReported } from '../../../domain/merge/reports.js';
import type { BuildResult, QueueState, Score } from '../../../domain/merge/types.js';
import { opened, restore } from '../../../workflows/merge-queue/queue.state.js';

export const sha = (n: number): string => n.toString(16).padStart(40, '0');
export const TIP = sha(1);
export const T0 = 1_700_000_000_000;

export const score = (estMs = 60_000): Score => ({
  costIn: 51_293,
  costOut: 2_995_732,
  okPpm: 950_000,
  estMs,
  sdMs: 1_000,
});

export const emptyQueue = (cfg = {}): QueueState =>
  opened(
    restore({ projectId: 'p', branch: 'main', tuning: 'normal' }, { queueId: 'merge-queue/p/main', nowMs: T0 }),
    TIP,
    { ...SEQUENTIAL, ...cfg },
  );

export const admission = (n: number, more: Partial<Admission> = {}): Admission => ({
  entryId: `e${n}`,
  prNumber: n,
  owner: `task/${n}`,
  headRef: `millwright/t${n}`,
  headSha: sha(1000 + n),
  title: `Change ${n}`,
  priority: 1,
  by: 'tester',
  ...more,
});

/** Admitted and inspected: forms a head at the next plan. */
export const seated = (state: QueueState, n: number, more: Partial<Admission> = {}): QueueState => {
  const input = admission(n, more);
  return inspected(
    admit(state, input, T0),
    { entryId: input.entryId, headSha: input.headSha, tip: state.tip },
    {
      kind: 'ready',
      headSha: input.headSha,
      patchId: `patch-${n}`,
      title: input.title,
      touch: TOUCHES_ALL,
      score: score(),
    },
    T0,
  );
};

export const planned = (state: QueueState, nowMs = T0): Plan => plan(state, nowMs);

export const copyOf = (state: QueueState): QueueState => JSON.parse(JSON.stringify(state));

export const result = (cause: BuildResult['cause'], more: Partial<BuildResult> = {}): BuildResult => ({
  cause,
  failedTests: [],
  failedChecks: cause === 'red' || cause === 'inherited' ? [{ name: 'test', failedTests: [] }] : [],
  evidence: [],
  ...more,
});
export const conflict = (files: readonly string[]): BuildResult =>
  result('conflict', { conflict: { with: 'tip', files } });

export const building = (...numbers: readonly number[]): QueueState =>
  planned(numbers.reduce((state, n) => seated(state, n), emptyQueue())).state;
export const pathOf = (state: QueueState, head: number) => {
  const path = state.paths.find((one) => one.head === head);
  if (!path) throw new Error(`head ${head} has no path`);
  return path;
};
export const reported = (state: QueueState, head: number, answer: BuildResult): QueueState => {
  const { id, attempt } = pathOf(state, head);
  return planned(buildReported(state, { pathId: id, attempt, phase: 'verdict', result: answer }, T0)).state;
};
export const TARGET = { base: TIP, commit: sha(2), tree: sha(3) };

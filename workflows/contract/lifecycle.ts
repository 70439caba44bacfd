// How a workflow's transitions reach the store. Types only.

/** Identifies one chain of runs of a workflow: continue-as-new keeps it, a new start does not. */
export interface LifecycleKey {
  readonly workflowId: string;
  readonly firstRunId: string;
}

export type DecisionKind = 'decision' | 'transition' | 'verdict' | 'recovery' | 'human';

/** One line of the decision log. */
export interface DecisionEntry {
  readonly kind: DecisionKind;
  readonly title: string;
  readonly decision: string;
  readonly reasoning?: string;
  /** API key or agent name; absent = the workflow itself. */
  readonly by?: string;
}

/**
 * One thing that happened, folded into the next store activity (at most one per loop pass). Stored once:
 * `number` rises by one per entry within a `LifecycleKey`, and continue-as-new carries it.
 */
export interface LifecycleEntry {
  readonly number: number;
  /** Workflow time, ISO 8601 UTC. */
  readonly at: string;
  /** Event type on the stream: `epic.state`, `task.state`, `run.state`, `task.checks`, … */
  readonly type: string;
  readonly data?: Readonly<Record<string, string | number | boolean | null>>;
  readonly decision?: DecisionEntry;
}

/** Answer of every lifecycle write: the row's revision after it, which updates are compared with. */
export interface Saved {
  readonly revision: number;
}

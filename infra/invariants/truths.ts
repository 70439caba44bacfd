import type { HomeLayout } from '../config.js';
import type { ProjectRepositories } from '../git/mirrors.js';
import type { TreeStore } from '../git/tree-store.js';
import type { Queryable } from '../pg/statement.js';

export interface WorkflowFacts {
  readonly state: 'open' | 'closed' | 'absent';
  /** State that it shows of itself; absent when it shows none. */
  readonly shows?: string;
}

/** What the engine says, and how workflows are called: names belong to the workflows' own contract. */
export interface EngineTruth {
  describe(workflowId: string): Promise<WorkflowFacts>;
  readonly ids: WorkflowIds;
}

export interface WorkflowIds {
  epic(epicId: string): string;
  task(taskId: string): string;
  run(runId: string): string;
  queue(projectId: string, branch: string): string;
}

/** One line of the model vendor's bill. */
export interface BilledReply {
  readonly requestHash: string;
  /** Whether the whole reply was sent. */
  readonly complete: boolean;
  readonly outputTokens: number;
}

/** Something that the API answered 2xx for. */
export interface Acknowledged {
  readonly kind: 'project' | 'epic' | 'task' | 'mail';
  readonly id: string;
}

/** The truths that are compared. What is absent cannot be looked at. */
export interface Truths {
  readonly db: Queryable;
  readonly layout: HomeLayout;
  readonly forge: ProjectRepositories;
  readonly mirrors: ProjectRepositories;
  readonly trees: TreeStore;
  readonly engine?: EngineTruth;
  readonly bill?: readonly BilledReply[];
  readonly acknowledged?: readonly Acknowledged[];
  /** Texts that must be nowhere. */
  readonly secrets: readonly string[];
  /** Work in flight is given this long to put its traces in order; 0 after everything has settled. */
  readonly graceMs: number;
}

// The plan as it is stored and applied: every default filled in, so that one document has one hash.

export const DEPENDENCY_TYPES = ['finish_to_start', 'start_to_start'] as const;
/** `finish_to_start`: the dependency has landed. `start_to_start`: it has started. */
export type DependencyType = (typeof DEPENDENCY_TYPES)[number];

export interface PlanDependency {
  /** Key of the task that is waited for. */
  readonly key: string;
  readonly type: DependencyType;
  /** If a required dependency fails or is cancelled, the task is skipped. */
  readonly required: boolean;
}

/** Hours; `optimistic ≤ likely ≤ pessimistic`. */
export interface PlanEstimate {
  readonly optimistic: number;
  readonly likely: number;
  readonly pessimistic: number;
  /** 0 to 1. */
  readonly confidence: number;
}

export interface PlannedTask {
  readonly key: string;
  readonly title: string;
  readonly description: string;
  readonly kind: string;
  readonly acceptance: readonly string[];
  readonly capabilities: readonly string[];
  readonly technologies: readonly string[];
  readonly predictedFiles: readonly string[];
  /** 1 (first) to 5; absent: the epic's own. */
  readonly priority?: number;
  readonly estimate?: PlanEstimate;
  readonly dependsOn: readonly PlanDependency[];
}

export interface Plan {
  /** The approach, in Markdown. */
  readonly design?: string;
  readonly tasks: readonly PlannedTask[];
}

/** Limits of SPEC section 5, and of what one history and one payload can carry. */
export const PLAN_LIMITS = {
  tasks: 200,
  /** Tasks on the longest chain of dependencies. */
  depth: 10,
  dependencies: 4_000,
  predictedFiles: 2_000,
  keyPattern: /^[a-z0-9][a-z0-9-]{0,39}$/,
  titleLength: 200,
  descriptionLength: 20_000,
  designLength: 100_000,
  kindLength: 40,
  listItems: 100,
  itemLength: 1_000,
  pathLength: 300,
  estimateHours: 10_000,
  /** More are not listed: the first ones explain the rest. */
  errors: 50,
} as const;

import type { RequiredContext } from '../forge/required-context.js';

export interface SetupConfig {
  readonly run: readonly string[];
  /** Empty: the whole tree. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** NAME=value. */
  readonly env: readonly string[];
  readonly timeoutSeconds: number;
}

export type RetryStrategy = 'none' | 'immediate' | 'fixed' | 'exponential' | 'fibonacci';

export interface CheckConfig {
  readonly name: string;
  readonly run: string;
  readonly required: boolean;
  readonly timeoutSeconds: number;
  readonly needs: readonly string[];
  readonly inputs: readonly string[];
  /** With `{tests}` for the names of the failed ones. */
  readonly rerun?: string;
  readonly retry: RetryStrategy;
  /** NAME=value. */
  readonly env: readonly string[];
  readonly failFast: boolean;
}

export interface MergeConfig {
  readonly policy: 'sequential';
  readonly budget: 1;
  readonly lookahead: 0;
  readonly landing: 'strict';
  readonly analyser: 'all';
  readonly strategy: 'merge';
  /** `push`: by us, under leases. `api`: by the forge's own merge, where its rules let nobody push. */
  readonly via: 'push' | 'api';
  readonly attempts: number;
  readonly rebaseRounds: number;
  readonly maxEntries: number;
  readonly target?: string;
  readonly holdLabel?: string;
}

export interface AgentConfig {
  /** Name of a registered agent. */
  readonly use: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
}

export interface SpendLimits {
  readonly tokens?: number;
  readonly dollars?: number;
}

export interface LimitsConfig {
  readonly parallelTasks: number;
  /** Absent: what the installation says (`MILLWRIGHT_RUN_…`). */
  readonly run: SpendLimits & { readonly turns?: number; readonly seconds?: number };
  readonly task: SpendLimits;
  readonly epic: SpendLimits;
}

export interface EpicsConfig {
  readonly mergeTarget: 'epic' | 'base';
  readonly land: 'person' | 'auto';
  readonly overlap: 'serialise' | 'allow';
  readonly approval: 'none' | 'plan' | 'all';
  readonly planner: 'model';
}

/** What holds for a project: an admin's overrides, key by key, over the file of the tip, over the defaults. */
export interface ProjectConfig {
  readonly setup?: SetupConfig;
  readonly checks: readonly CheckConfig[];
  /** An admin said `checks: none`: the project takes work though nothing tests it. */
  readonly areChecksWaived: boolean;
  /** The commit that was inspected has a `millwright.yml`; absent where that was not looked at, or it has none. */
  readonly hasFile?: boolean;
  /** What the rules of the base branch require of the forge's CI, beside `checks`; absent where there are none. */
  readonly forgeChecks?: readonly RequiredContext[];
  readonly merge: MergeConfig;
  readonly agents: { readonly worker: AgentConfig; readonly supervisor: AgentConfig };
  readonly limits: LimitsConfig;
  /** `none` only by an admin, and every surface says so. */
  readonly sandbox: 'bubblewrap' | 'none';
  /** Whether an admin lets `setup` use the network. */
  readonly isSetupNetworkAllowed: boolean;
  readonly epics: EpicsConfig;
}

type Loose<T> = T extends readonly (infer E)[]
  ? readonly Loose<E>[]
  : T extends object
    ? { readonly [K in keyof T]?: Loose<T[K]> }
    : T;

/** A check as written. */
export type CheckAsWritten = Omit<Loose<CheckConfig>, 'timeoutSeconds'> & {
  readonly name: string;
  readonly run: string;
  readonly timeout?: number;
};

export type SetupAsWritten = {
  readonly run: string | readonly string[];
  readonly inputs?: readonly string[];
  readonly outputs: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: number;
};

/** `millwright.yml` after validation: only what it says. */
export interface ConfigFile {
  readonly version: 1;
  readonly setup?: SetupAsWritten;
  readonly checks?: readonly CheckAsWritten[];
  readonly merge?: Loose<MergeConfig>;
  readonly agents?: Loose<ProjectConfig['agents']>;
  readonly limits?: Loose<LimitsConfig>;
  readonly epics?: Loose<EpicsConfig>;
}

/** What an admin set on the project, after validation. */
export type ConfigOverrides = Omit<Partial<ConfigFile>, 'checks'> & {
  readonly checks?: readonly CheckAsWritten[] | 'none';
  readonly sandbox?: 'none';
  readonly setupNetwork?: boolean;
};

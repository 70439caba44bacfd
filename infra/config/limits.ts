import type { Variables } from './variables.js';

/** Defaults of the whole installation; epics, tasks and projects may ask for less. */
export interface Limits {
  readonly concurrentEpics: number;
  readonly concurrentWorkers: number;
  readonly checksPerHost: number;
  /** The longest that a check of the forge's CI may take. */
  readonly ciSeconds: number;
  readonly runSeconds: number;
  readonly runTurns: number;
  readonly runTokens: number;
  readonly runMicroUsd: number;
  readonly epicMicroUsd: number;
  /** Caps of one sandboxed command. */
  readonly commandMemoryBytes: number;
  /** Share of the host's cores, in percent. */
  readonly commandCpuPercent: number;
  readonly treeBytes: number;
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

export const readLimits = (variables: Variables): Limits => ({
  concurrentEpics: variables.integer('MILLWRIGHT_MAX_EPICS', 5, { min: 1, max: 1000 }),
  concurrentWorkers: variables.integer('MILLWRIGHT_MAX_WORKERS', 10, { min: 1, max: 1000 }),
  checksPerHost: variables.integer('MILLWRIGHT_MAX_CHECKS', 5, { min: 1, max: 100 }),
  ciSeconds: variables.integer('MILLWRIGHT_CI_SECONDS', 1800, { min: 10, max: 1800 }),
  runSeconds: variables.integer('MILLWRIGHT_RUN_SECONDS', 3600, { min: 60, max: 86_400 }),
  runTurns: variables.integer('MILLWRIGHT_RUN_TURNS', 100, { min: 1, max: 10_000 }),
  runTokens: variables.integer('MILLWRIGHT_RUN_TOKENS', 2_000_000, { min: 1_000, max: 1_000_000_000 }),
  runMicroUsd: variables.dollars('MILLWRIGHT_RUN_USD', 5_000_000),
  epicMicroUsd: variables.dollars('MILLWRIGHT_EPIC_USD', 50_000_000),
  commandMemoryBytes: variables.integer('MILLWRIGHT_COMMAND_MEMORY_MB', 2048, { min: 64, max: 1_048_576 }) * MIB,
  commandCpuPercent: variables.integer('MILLWRIGHT_COMMAND_CPU_PERCENT', 50, { min: 1, max: 100 }),
  treeBytes: variables.integer('MILLWRIGHT_TREE_GB', 10, { min: 1, max: 10_240 }) * GIB,
});

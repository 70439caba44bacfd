import { evidenceKey, inputDigest, layerKey, type TreeFile, toolchainDigest } from '../../domain/evidence.js';
import { Failure } from '../../domain/failures.js';
import { effectiveConfig, unionOfChecks } from '../../domain/project-config/effective.js';
import type { CheckConfig, ConfigFile, ConfigOverrides, ProjectConfig } from '../../domain/project-config/types.js';
import { CONFIG_FILE, describeProblems, readConfigFile } from '../../infra/project-config/read.js';
import { matchingFiles } from './globs.js';
import type { CheckProjects, CheckTrees } from './ports.js';
import { type LayerSpec, refuseTrackedOutputs } from './setup-layers.js';
import { sha256 } from './sha256.js';
import type { ToolchainProbe } from './toolchain.js';

export interface PlanDeps {
  readonly trees: CheckTrees;
  readonly projects: CheckProjects;
  readonly toolchain: ToolchainProbe;
  /** Present where bubblewrap does not work: what refused work is told. */
  readonly whyNoSandbox?: string;
}

export interface PlannedRun {
  readonly check: CheckConfig;
  readonly key: string;
}

/** Everything that is to be known before a check of one commit runs. */
export interface CommitPlan {
  readonly isolation: 'bubblewrap' | 'none';
  readonly runs: readonly PlannedRun[];
  /** Absent when the commit's configuration has no `setup`. */
  readonly layer?: LayerSpec;
  readonly isSetupNetworkAllowed: boolean;
}

export type CommitPlanOutcome =
  | ({ readonly kind: 'planned' } & CommitPlan)
  | { readonly kind: 'invalid'; readonly message: string };

export interface PlanInput {
  readonly projectId: string;
  /** Commit whose configuration rules. */
  readonly base: string;
  readonly commit: string;
}

/**
 * Reads both configurations and computes the key of each check at the commit. Runs nothing of the repository.
 * @throws InvalidState where there is no sandbox and no admin did without it
 */
export const planCommit = async (
  deps: PlanDeps,
  input: PlanInput,
  signal?: AbortSignal,
): Promise<CommitPlanOutcome> => {
  const overrides = await deps.projects.overrides(input.projectId);
  const ruling = await readConfig(deps.trees, input.projectId, input.base, overrides, signal);
  const edited = await readConfig(deps.trees, input.projectId, input.commit, overrides, signal);
  if (ruling.kind === 'invalid') return ruling;
  if (edited.kind === 'invalid') return edited;
  const files = await deps.trees.listFiles(input.projectId, input.commit, signal);
  const { sandbox: isolation, isSetupNetworkAllowed } = ruling.config;
  if (isolation !== 'none' && deps.whyNoSandbox !== undefined) throw new Failure('InvalidState', deps.whyNoSandbox);
  const toolchain = await deps.toolchain.read(isolation, signal);
  // The commit's own: a change may bring the setup that its checks need.
  const layer = layerOf(edited.config, {
    projectId: input.projectId,
    isolation,
    files,
    tools: toolchainDigest(toolchain, undefined, sha256),
  });
  if (layer?.kind === 'invalid') return layer;
  const tools = toolchainDigest(toolchain, layer?.spec.key, sha256);
  // With landing `strict`, the only one of this version, every check's inputs are the whole tree.
  const inputs = inputDigest(files, sha256);
  const checks = unionOfChecks(ruling.config.checks, edited.config.checks);
  return {
    kind: 'planned',
    isolation,
    isSetupNetworkAllowed,
    ...(layer ? { layer: layer.spec } : {}),
    runs: checks.map((check) => ({ check, key: evidenceKey(check, tools, inputs, sha256) })),
  };
};

type ReadConfig =
  | { readonly kind: 'read'; readonly config: ProjectConfig }
  | { readonly kind: 'invalid'; readonly message: string };

/** The effective configuration of one commit. */
export const readConfig = async (
  trees: Pick<CheckTrees, 'readFile'>,
  projectId: string,
  commit: string,
  overrides: ConfigOverrides,
  signal?: AbortSignal,
): Promise<ReadConfig> => {
  const text = await trees.readFile(projectId, commit, CONFIG_FILE, signal);
  let file: ConfigFile | undefined;
  if (text !== undefined) {
    const read = readConfigFile(text);
    if (read.kind === 'invalid') return { kind: 'invalid', message: describeProblems(read.problems) };
    file = read.value;
  }
  return { kind: 'read', config: effectiveConfig(file, overrides) };
};

export interface LayerFacts {
  readonly projectId: string;
  readonly isolation: 'bubblewrap' | 'none';
  readonly files: readonly TreeFile[];
  /** Digest of the toolchain without a layer: compiled outputs depend on it. */
  readonly tools: string;
}

/** The layer that a tree with these files needs. */
export const layerOf = (
  { setup }: ProjectConfig,
  { projectId, isolation, files, tools }: LayerFacts,
):
  | { readonly kind: 'layer'; readonly spec: LayerSpec }
  | { readonly kind: 'invalid'; readonly message: string }
  | undefined => {
  if (setup === undefined) return undefined;
  try {
    refuseTrackedOutputs(setup, files);
    const inputs = inputDigest(matchingFiles(files, setup.inputs), sha256);
    return { kind: 'layer', spec: { projectId, isolation, setup, key: layerKey(setup, tools, inputs, sha256) } };
  } catch (error) {
    if (error instanceof Failure) return { kind: 'invalid', message: error.message };
    throw error;
  }
};

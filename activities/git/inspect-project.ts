import { DETECTION_FILES, detectProposals, type Proposal } from '../../domain/project-config/detect.js';
import { effectiveConfig, whyNoWork } from '../../domain/project-config/effective.js';
import type { ConfigFile, ProjectConfig } from '../../domain/project-config/types.js';
import type { ForgeChecks } from '../../infra/forge/checks.js';
import { readFileAt } from '../../infra/git/blobs.js';
import { inspectCommit } from '../../infra/git/inspect.js';
import type { TreeEntry } from '../../infra/git/objects.js';
import type { Repository } from '../../infra/git/repository.js';
import { CONFIG_FILE, describeProblems, readConfigFile } from '../../infra/project-config/read.js';
import { refuseTrackedOutputs } from '../checks/setup-layers.js';
import { findGitProject, saveInspection, unknownAgents } from './git-project.repository.js';
import type { GitDeps } from './ports.js';

export interface InspectionDeps extends GitDeps {
  /** The CI of shared forges; without it their rules are not looked at. */
  readonly forgeChecks?: Pick<ForgeChecks, 'required'>;
}

type Verdict = { readonly kind: 'ready' | 'refused'; readonly reason?: string };

/** Reads the repository at its tip: can it be worked on, what do its own files propose, what holds for it. */
export async function inspectProject(
  deps: InspectionDeps,
  { projectId, tip }: { readonly projectId: string; readonly tip: string },
  signal: AbortSignal,
): Promise<Verdict> {
  const mirror = await deps.mirrors.open(projectId);
  const project = await findGitProject(deps.pools.writes, projectId);
  const { files, refusals, warnings } = await inspectCommit(mirror, tip, signal);
  const proposals = await proposalsOf(mirror, tip, files, signal);
  const file = await readConfig(mirror, tip, signal);
  if (file.kind === 'invalid') {
    await saveInspection(deps.pools.writes, { projectId, proposals });
    return refused([...refusals, file.message]);
  }
  const own = effectiveConfig(file.value, project.overrides);
  const { baseBranch } = project;
  const forgeChecks =
    own.areChecksWaived || baseBranch === null
      ? []
      : ((await deps.forgeChecks?.required(projectId, baseBranch, signal)) ?? []);
  const config = {
    ...own,
    ...(file.value === undefined ? {} : { hasFile: true }),
    ...(forgeChecks.length > 0 ? { forgeChecks } : {}),
  };
  await saveInspection(deps.pools.writes, { projectId, proposals, config });
  const reasons = [...refusals, ...(await whyNotConfig(deps, config, files))];
  if (reasons.length > 0) return refused(reasons);
  return { kind: 'ready', ...(warnings.length === 0 ? {} : { reason: warnings.join('; ') }) };
}

const refused = (reasons: readonly string[]): Verdict => ({ kind: 'refused', reason: reasons.join('; ') });

async function readConfig(
  mirror: Repository,
  tip: string,
  signal: AbortSignal,
): Promise<
  | { readonly kind: 'valid'; readonly value: ConfigFile | undefined }
  | { readonly kind: 'invalid'; readonly message: string }
> {
  const text = await readFileAt(mirror, { at: tip, path: CONFIG_FILE, signal });
  if (text === undefined) return { kind: 'valid', value: undefined };
  const read = readConfigFile(text);
  return read.kind === 'valid' ? read : { kind: 'invalid', message: describeProblems(read.problems) };
}

async function whyNotConfig(
  deps: GitDeps,
  config: ProjectConfig,
  files: readonly TreeEntry[],
): Promise<readonly string[]> {
  const reasons: string[] = [];
  const noWork = whyNoWork(config);
  if (noWork !== undefined) reasons.push(noWork.message);
  const names = [config.agents.worker.use, config.agents.supervisor.use];
  const unknown = await unknownAgents(deps.pools.writes, [...new Set(names)]);
  if (unknown.length > 0) reasons.push(`no registered agent is called ${unknown.join(' or ')}`);
  try {
    if (config.setup !== undefined) refuseTrackedOutputs(config.setup, files);
  } catch (error) {
    // It throws a Failure whose message names the paths; here that is a finding, not an error.
    reasons.push(error instanceof Error ? error.message : String(error));
  }
  return reasons;
}

async function proposalsOf(
  mirror: Repository,
  tip: string,
  files: readonly TreeEntry[],
  signal: AbortSignal,
): Promise<readonly Proposal[]> {
  const texts = new Map<string, string>();
  for (const path of DETECTION_FILES.filter((name) => files.some((file) => file.path === name))) {
    const content = await readFileAt(mirror, { at: tip, path, maxBytes: 2 ** 20, signal }).catch(() => undefined);
    if (content !== undefined) texts.set(path, content.toString('utf8'));
  }
  return detectProposals({ paths: files.map(({ path }) => path), read: (path) => texts.get(path) });
}

import { SEQUENTIAL } from '../../../domain/merge/config.js';
import type { QueueConfig } from '../../../domain/merge/types.js';
import { effectiveConfig } from '../../../domain/project-config/effective.js';
import type { MergeConfig } from '../../../domain/project-config/types.js';
import { readFileAt } from '../../../infra/git/blobs.js';
import { type Person, parsePerson } from '../../../infra/git/commit.js';
import type { GitRemote, Repository } from '../../../infra/git/repository.js';
import { CONFIG_FILE, readConfigFile } from '../../../infra/project-config/read.js';
import type { CheckActivities } from '../../../workflows/contract/activities/checks.js';
import { findGitProject, type GitProject } from '../git-project.repository.js';
import type { GitDeps } from '../ports.js';

export interface MergeDeps extends GitDeps {
  /** The keys that a tree needs evidence for. */
  readonly planChecks: CheckActivities['planChecks'];
  /** Takes back what the forge's CI said of the commit and says no longer. Absent: no forge has a CI. */
  readonly voidTurnedRed?: (
    at: { readonly projectId: string; readonly commit: string; readonly tree: string },
    signal: AbortSignal,
  ) => Promise<void>;
}

/** A project as the queue works on it. */
export interface QueueProject {
  readonly project: GitProject;
  readonly mirror: Repository;
  readonly remote: GitRemote;
  /** The project's bot: committer of every candidate. */
  readonly committer: Person;
}

/** @throws NotFound for an unknown project */
export async function openProject(deps: MergeDeps, projectId: string, signal: AbortSignal): Promise<QueueProject> {
  const project = await findGitProject(deps.pools.writes, projectId);
  const mirror = await deps.mirrors.ensure(projectId, signal);
  const remote = await deps.forge.remote(projectId);
  return { project, mirror, remote, committer: parsePerson(project.commitIdentity) };
}

/** Knobs of the queue at the tip. */
export async function queueConfigAt(opened: QueueProject, tip: string, signal: AbortSignal): Promise<QueueConfig> {
  const merge = await mergeConfigAt(opened, tip, signal);
  if (merge === undefined) return SEQUENTIAL;
  const { attempts, rebaseRounds, maxEntries, holdLabel } = merge;
  return { ...SEQUENTIAL, attempts, rebaseRounds, maxEntries, ...(holdLabel === undefined ? {} : { holdLabel }) };
}

/** Undefined for a file that cannot be read, which leaves the defaults: its builds say what is wrong with it. */
export async function mergeConfigAt(
  { project, mirror }: QueueProject,
  tip: string,
  signal: AbortSignal,
): Promise<MergeConfig | undefined> {
  const text = await readFileAt(mirror, { at: tip, path: CONFIG_FILE, signal });
  const file = text === undefined ? undefined : readConfigFile(text);
  if (file?.kind === 'invalid') return undefined;
  return effectiveConfig(file?.value, project.overrides).merge;
}

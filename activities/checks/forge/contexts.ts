import {
  contextKey,
  contextTimeoutMs,
  type NamedContext,
  nameContexts,
} from '../../../domain/forge/required-context.js';
import type { PlannedCheck } from '../../../workflows/contract/activities/checks.js';
import { sha256 } from '../sha256.js';
import { contextP95Ms, findCiProject } from './forge-check.repository.js';
import type { ForgeCiDeps } from './ports.js';

/** What the rules of the project's base branch require now. */
export async function requiredContexts(
  { pools, checks }: Pick<ForgeCiDeps, 'pools' | 'checks'>,
  projectId: string,
  taken: readonly string[],
  signal?: AbortSignal,
): Promise<readonly NamedContext[]> {
  const { baseBranch, areChecksWaived } = await findCiProject(pools.writes, projectId);
  if (baseBranch === null || areChecksWaived) return [];
  return nameContexts(await checks.required(projectId, baseBranch, signal), taken);
}

/** As checks of a plan, beside those of the repository's own file. */
export async function planContexts(
  deps: ForgeCiDeps,
  { projectId, tree }: { readonly projectId: string; readonly tree: string },
  own: readonly PlannedCheck[],
): Promise<readonly PlannedCheck[]> {
  const contexts = await requiredContexts(
    deps,
    projectId,
    own.map(({ name }) => name),
  );
  if (contexts.length === 0) return [];
  const p95Ms = await contextP95Ms(deps.pools.writes, projectId);
  return contexts.map((context) => {
    const timeoutMs = contextTimeoutMs(p95Ms[context.name], deps.timeoutMs);
    return {
      name: context.name,
      key: contextKey(context, tree, sha256),
      needs: [],
      required: true,
      failFast: false,
      rerunsTests: false,
      timeoutMs,
      estMs: p95Ms[context.name] ?? timeoutMs,
    };
  });
}

import { meaningOf } from '../../../domain/forge/conclusions.js';
import { contextKey } from '../../../domain/forge/required-context.js';
import { findEvidence, voidEvidence } from '../../store/evidence.repository.js';
import { sha256 } from '../sha256.js';
import { requiredContexts } from './contexts.js';
import type { ForgeCiDeps } from './ports.js';

/**
 * Takes back the verdicts of contexts that passed on this commit and are red there by now. What the CI says of another
 * commit with the same tree, such as the head of a pull request, takes nothing back.
 */
export async function voidTurnedRed(
  deps: Pick<ForgeCiDeps, 'pools' | 'checks'>,
  { projectId, commit, tree }: { readonly projectId: string; readonly commit: string; readonly tree: string },
  signal?: AbortSignal,
): Promise<void> {
  const { writes } = deps.pools;
  for (const context of await requiredContexts(deps, projectId, [], signal)) {
    const key = contextKey(context, tree, sha256);
    const [known] = await findEvidence(writes, projectId, [key]);
    if (known?.outcome !== 'passed') continue;
    const now = await deps.checks.read(projectId, commit, context, signal);
    if (now === undefined || now.conclusion === null || meaningOf(now.conclusion) !== 'failed') continue;
    await voidEvidence(writes, projectId, [key], `${context.context} turned red on ${commit}`);
  }
}

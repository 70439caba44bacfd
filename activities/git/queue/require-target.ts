import { Failure } from '../../../domain/failures.js';
import { isWhole } from '../../../infra/git/whole.js';
import type { LandInput } from '../../../workflows/contract/activities/merge.js';
import { composeOn } from './compose.js';
import type { QueueProject } from './project.js';

/** Another host may have composed it: the same input gives the same commit here. */
export async function requireTarget(
  opened: QueueProject,
  { target, members }: LandInput,
  signal: AbortSignal,
): Promise<void> {
  // No ref holds it: a mirror that was damaged may have it without its files.
  if (await isWhole(opened.mirror, target.commit, { besides: target.base, signal })) return;
  const composed = await composeOn(opened, target.base, members, signal);
  if (composed.kind !== 'composed' || composed.commit !== target.commit)
    throw new Failure('Unavailable', 'the tested commit cannot be composed here; do all workers run one git?');
}

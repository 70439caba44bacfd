import type { LandingTarget } from '../../../domain/merge/types.js';
import type { ComposeOutcome, MergeMember } from '../../../workflows/contract/activities/merge.js';
import { asAttempt } from '../git/activity-world.js';
import type { LandingWorld } from './landing-world.js';

/** The calls that a queue makes on a world, as a test writes them down. */
export const landingCalls = (read: () => LandingWorld) => {
  const compose = (tip: string, members: readonly MergeMember[]): Promise<ComposeOutcome> =>
    asAttempt(1, read().merge.composeCandidate, { ...read().at, tip, members, expectTip: true });
  const composed = async (tip: string, members: readonly MergeMember[]) => {
    const candidate = await compose(tip, members);
    if (candidate.kind !== 'composed') throw new Error(`not composed: ${candidate.kind}`);
    return candidate;
  };
  const prepare = (tip: string, members: readonly MergeMember[]) =>
    asAttempt(1, read().merge.prepareLanding, { ...read().at, tip, members });
  const prepared = async (tip: string, members: readonly MergeMember[]) => {
    await read().say((await composed(tip, members)).tree);
    const ready = await prepare(tip, members);
    if (ready.kind !== 'ready') throw new Error(`not ready: ${ready.kind}`);
    return ready.target;
  };
  const land = (target: LandingTarget, members: readonly MergeMember[], attempt = 1) =>
    asAttempt(attempt, read().merge.landHead, { ...read().at, target, members });
  /** Somebody pushes to the base by hand. */
  const outsider = (on: string, files: Record<string, string>): string => {
    const world = read();
    world.fetch();
    const sha = world.source.commitOn(on, 'outside', files);
    world.push(sha, 'main');
    return sha;
  };
  return { compose, composed, prepare, prepared, land, outsider };
};

// Pure: the order of one landing. Everything it does is injected; errors come back as values.
import type { LandingSetback } from '../../domain/merge/landing.js';
import type { LandingTarget, Sha } from '../../domain/merge/types.js';
import type { Infra } from '../checks/verify.js';
import type { LandingCheck, LandOutcome, MergeMember, PrepareLandingOutcome } from '../contract/activities/merge.js';

export interface LandPorts {
  prepare(tip: Sha, members: readonly MergeMember[]): Promise<PrepareLandingOutcome | Infra>;
  /** Whether nobody withdrew, pushed or paused while it was prepared. */
  mayPush(head: number): boolean;
  /** Puts the target into the state, hence into the history, before anything moves. */
  schedulePush(head: number, target: LandingTarget): void;
  recordTarget(entryId: string, target: LandingTarget): Promise<void>;
  push(target: LandingTarget, members: readonly MergeMember[]): Promise<LandOutcome | Infra>;
  check(target: LandingTarget): Promise<LandingCheck | Infra>;
  /** Before something is asked again whose answer the machinery lost. */
  backOff(): Promise<void>;
}

export interface LandingJob {
  readonly head: number;
  readonly tip: Sha;
  readonly members: readonly MergeMember[];
}

export type LandingResult =
  | { readonly kind: 'landed'; readonly target: LandingTarget; readonly mismatch?: string }
  | { readonly kind: 'setback'; readonly setback: LandingSetback };

/** Prepares, records, pushes under leases, looks at what the base holds then. */
export async function land(ports: LandPorts, { head, tip, members }: LandingJob): Promise<LandingResult> {
  const prepared = await ports.prepare(tip, members);
  if (prepared.kind !== 'ready') return setbackOf(await afterBackOff(ports, prepared));
  const [member] = members;
  // No await between this look and the record in the state: a withdrawal comes before it or too late.
  if (!member || !ports.mayPush(head)) return { kind: 'setback', setback: { kind: 'unwanted' } };
  const { target } = prepared;
  ports.schedulePush(head, target);
  for (const { entryId } of members) await ports.recordTarget(entryId, target);
  return pushUntilKnown(ports, target, members, member.entryId);
}

/** Once scheduled the push is repeated until its result is known: it finds out first whether it happened. */
async function pushUntilKnown(
  ports: LandPorts,
  target: LandingTarget,
  members: readonly MergeMember[],
  entryId: string,
): Promise<LandingResult> {
  for (;;) {
    const pushed = await ports.push(target, members);
    switch (pushed.kind) {
      case 'landed': {
        const landed = pushed.commit === undefined ? target : { ...target, commit: pushed.commit };
        return { kind: 'landed', target: landed, ...(await mismatchOf(ports, landed)) };
      }
      case 'baseMoved':
        return { kind: 'setback', setback: { kind: 'baseMoved' } };
      case 'headMoved':
        return {
          kind: 'setback',
          setback: { kind: 'headMoved', entryId, headSha: pushed.headSha },
        };
      case 'headGone':
        return { kind: 'setback', setback: { kind: 'refused', entryId, reason: 'BRANCH_GONE' } };
      case 'forbidden':
        return { kind: 'setback', setback: { kind: 'forbidden', message: pushed.message } };
      case 'infra':
        await ports.backOff();
    }
  }
}

async function mismatchOf(ports: LandPorts, target: LandingTarget): Promise<{ readonly mismatch?: string }> {
  for (;;) {
    const checked = await ports.check(target);
    if (checked.kind === 'ok') return {};
    if (checked.kind === 'mismatch') return { mismatch: checked.message };
    await ports.backOff();
  }
}

type NotReady = Exclude<PrepareLandingOutcome | Infra, { kind: 'ready' }>;

async function afterBackOff(ports: LandPorts, prepared: NotReady): Promise<NotReady> {
  if (prepared.kind === 'infra') await ports.backOff();
  return prepared;
}

function setbackOf(prepared: NotReady): LandingResult {
  switch (prepared.kind) {
    // Nothing moved and nothing was learned: the head is judged anew and lands when the machinery answers.
    case 'infra':
      return { kind: 'setback', setback: { kind: 'unwanted' } };
    case 'tipMoved':
      return { kind: 'setback', setback: { kind: 'baseMoved' } };
    default:
      return { kind: 'setback', setback: prepared };
  }
}

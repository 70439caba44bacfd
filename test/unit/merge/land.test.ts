import { describe, expect, test } from '@jest/globals';
import type { LandingTarget } from '../../../domain/merge/types.js';
import type { Infra } from '../../../workflows/checks/verify.js';
import type { LandingCheck, LandOutcome, PrepareLandingOutcome } from '../../../workflows/contract/activities/merge.js';
import { type LandPorts, land } from '../../../workflows/merge-queue/land.js';

const TARGET: LandingTarget = { base: 'tip', commit: 'new', tree: 'tree' };
const MEMBER = { entryId: 'e1', prNumber: 1, headRef: 'b', headSha: 'head', title: 'One' };
const JOB = { head: 1, tip: 'tip', members: [MEMBER] };
const INFRA: Infra = { kind: 'infra', error: 'gone away' };

/** A forge that answers from lists, the last answer for ever, and keeps what was done in which order. */
class FakeForge implements LandPorts {
  readonly did: string[] = [];
  wanted = true;
  constructor(
    private readonly says: {
      readonly prepare?: PrepareLandingOutcome | Infra;
      readonly push?: readonly (LandOutcome | Infra)[];
      readonly check?: readonly (LandingCheck | Infra)[];
    } = {},
  ) {}
  private next<T>(list: readonly T[] | undefined, what: string, otherwise: T): T {
    const nth = this.did.filter((one) => one === what).length - 1;
    return list?.[Math.min(nth, list.length - 1)] ?? otherwise;
  }
  prepare = async () => {
    this.did.push('prepare');
    return this.says.prepare ?? ({ kind: 'ready', target: TARGET } as const);
  };
  mayPush = () => this.wanted;
  schedulePush = () => void this.did.push('schedule');
  recordTarget = async () => void this.did.push('record');
  push = async () => {
    this.did.push('push');
    return this.next<LandOutcome | Infra>(this.says.push, 'push', { kind: 'landed' });
  };
  check = async () => {
    this.did.push('check');
    return this.next<LandingCheck | Infra>(this.says.check, 'check', { kind: 'ok' });
  };
  backOff = async () => void this.did.push('wait');
}

describe('a landing', () => {
  test('is prepared, in the history and on the row before it is pushed, and looked at afterwards', async () => {
    const forge = new FakeForge();
    expect(await land(forge, JOB)).toEqual({ kind: 'landed', target: TARGET });
    expect(forge.did).toEqual(['prepare', 'schedule', 'record', 'push', 'check']);
  });

  test('that was withdrawn while it was prepared pushes nothing', async () => {
    const forge = new FakeForge();
    forge.wanted = false;
    expect(await land(forge, JOB)).toEqual({ kind: 'setback', setback: { kind: 'unwanted' } });
    expect(forge.did).toEqual(['prepare']);
  });

  test('is repeated until its result is known', async () => {
    const forge = new FakeForge({ push: [INFRA, INFRA, { kind: 'landed' }], check: [INFRA, { kind: 'ok' }] });
    expect((await land(forge, JOB)).kind).toBe('landed');
    expect(forge.did.slice(3)).toEqual(['push', 'wait', 'push', 'wait', 'push', 'check', 'wait', 'check']);
  });

  test('of something else than was tested says so', async () => {
    const forge = new FakeForge({ check: [{ kind: 'mismatch', message: 'tree differs' }] });
    expect(await land(forge, JOB)).toEqual({ kind: 'landed', target: TARGET, mismatch: 'tree differs' });
  });

  test.each<[string, PrepareLandingOutcome | Infra, object]>([
    [
      'a guard',
      { kind: 'refused', entryId: 'e1', reason: 'PR_DRAFT' },
      { kind: 'refused', entryId: 'e1', reason: 'PR_DRAFT' },
    ],
    [
      'a push by the author',
      { kind: 'headMoved', entryId: 'e1', headSha: 'x' },
      { kind: 'headMoved', entryId: 'e1', headSha: 'x' },
    ],
    [
      'a conflict',
      { kind: 'conflict', entryId: 'e1', files: ['a'] },
      { kind: 'conflict', entryId: 'e1', files: ['a'] },
    ],
    ['nothing to land', { kind: 'empty' }, { kind: 'empty' }],
    ['no certificate', { kind: 'uncertified', checks: ['test'] }, { kind: 'uncertified', checks: ['test'] }],
    ['a moved tip', { kind: 'tipMoved', tip: 'x' }, { kind: 'baseMoved' }],
    ['broken machinery', INFRA, { kind: 'unwanted' }],
  ])('that meets %s before the push ends without one', async (_what, prepare, setback) => {
    const forge = new FakeForge({ prepare });
    expect(await land(forge, JOB)).toEqual({ kind: 'setback', setback });
    expect(forge.did).not.toContain('push');
  });

  test.each<[LandOutcome, object]>([
    [{ kind: 'baseMoved', tip: 'x' }, { kind: 'baseMoved' }],
    [
      { kind: 'headMoved', headSha: 'x' },
      { kind: 'headMoved', entryId: 'e1', headSha: 'x' },
    ],
    [{ kind: 'headGone' }, { kind: 'refused', entryId: 'e1', reason: 'BRANCH_GONE' }],
    [
      { kind: 'forbidden', message: 'no bypass' },
      { kind: 'forbidden', message: 'no bypass' },
    ],
  ])('whose push answers %j is a setback', async (pushed, setback) => {
    expect(await land(new FakeForge({ push: [pushed] }), JOB)).toEqual({ kind: 'setback', setback });
  });
});

test('a commit that the forge made is what is checked and kept', async () => {
  const forge = new FakeForge({ push: [{ kind: 'landed', commit: 'theirs' }] });
  expect(await land(forge, JOB)).toEqual({ kind: 'landed', target: { ...TARGET, commit: 'theirs' } });
});

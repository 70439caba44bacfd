import { describe, expect, test } from '@jest/globals';
import { admit } from '../../../domain/merge/admit.js';
import { scheduledPush } from '../../../domain/merge/landing.js';
import { drainLane, markRed, pauseLane } from '../../../domain/merge/lane.js';
import { askForRebase, askForRebases } from '../../../domain/merge/rebase.js';
import { ownerPushed } from '../../../domain/merge/remote.js';
import { buildReported } from '../../../domain/merge/reports.js';
import { NEXT_STEP, rebaseMail, whyText } from '../../../domain/merge/texts.js';
import type { QueueState } from '../../../domain/merge/types.js';
import { entryViews, queueView, whyView } from '../../../domain/merge/views.js';
import { queueDetails } from '../../../workflows/merge-queue/details.js';
import { admission, emptyQueue, planned, result, seated, sha, T0, TIP } from '../../support/merge/states.js';

const building = planned(seated(seated(emptyQueue(), 1), 2)).state;
const report = (state: QueueState, phase: 'suspect' | 'verdict', cause: 'red' | 'infra' | 'none'): QueueState =>
  buildReported(
    state,
    {
      pathId: state.paths[0]?.id ?? '',
      attempt: 1,
      phase,
      result: { ...result(cause), failedTests: ['adds'], error: 'no sandbox' },
    },
    T0,
  );
const conflict = (n: number) => ({ entryId: `e${n}`, tip: TIP, files: ['a.txt'] });
const said = (state: QueueState, entryId = 'e1'): string => whyView(state, entryId, T0)?.text ?? 'nothing';

describe('why an entry has not landed', () => {
  test('is one sentence, with names', () => {
    const passed = planned(report(building, 'verdict', 'none')).state;
    const urgent = planned(seated(report(building, 'verdict', 'infra'), 3, { priority: 2 })).state;
    const red = markRed(building, { tip: TIP, reason: 'the base itself fails test', checks: [] }, T0);
    expect({
      admitted: said(admit(emptyQueue(), admission(1), T0)),
      building: said(building),
      behind: said(building, 'e2'),
      suspect: said(report(building, 'suspect', 'red')),
      infra: said(report(building, 'verdict', 'infra')),
      overtaken: said(urgent, 'e2'),
      rebasing: said(askForRebase(building, { entryId: 'e1', tip: TIP, files: ['a.txt', 'b.txt'] }, T0)),
      turn: said(askForRebases(building, [conflict(1), conflict(2)], T0), 'e2'),
      pushed: said(ownerPushed(building, 'e1', sha(77), T0)),
      paused: said(pauseLane(building, 'person', { by: 'ada', reason: 'audit' }, T0)),
      red: said(red),
      landing: said(passed),
      pushing: said(scheduledPush(passed, 1, { base: TIP, commit: sha(2), tree: sha(3) })),
    }).toMatchInlineSnapshot(`
{
  "admitted": "Just admitted: the pull request is being read.",
  "behind": "Waits for #1, which will land or leave first.",
  "building": "Its checks run on the exact tree that would land (build loyw3v28-1-1, since 2023-11-14T22:13:20Z).",
  "infra": "Attempt 1 had no verdict, the machinery failed: no sandbox. It is tried again.",
  "landing": "It is being landed.",
  "overtaken": "Waits for #3, #1, which will land or leave first.",
  "paused": "The lane is paused since 2023-11-14T22:13:20Z (ada): audit.",
  "pushed": "Its author pushed 000000000000: the queue looks whether the change is still the same.",
  "pushing": "It is being landed.",
  "rebasing": "Conflicts with what has landed in a.txt, b.txt: its author resolves it (round 1).",
  "red": "The lane is red since 2023-11-14T22:13:20Z (system): the base itself fails test. Mend it at its source and run \`millwright project sync\`, or let an admin mark the entry that mends it: \`millwright queue reprioritise <entry> urgent --fixes-base --reason <text>\`. The base is looked at again by itself.",
  "suspect": "First red in adds: the failed tests run again before anything is decided.",
  "turn": "Conflicts with what has landed in a.txt: its author is asked once #1, before it in the same files, has landed or left.",
}
`);
  });

  test('is its landing while it is pushed, whatever has become of the lane since', () => {
    const passed = planned(report(building, 'verdict', 'none')).state;
    const pushing = scheduledPush(passed, 1, { base: TIP, commit: sha(2), tree: sha(3) });
    expect(said(pauseLane(pushing, 'person', { by: 'ada', reason: 'audit' }, T0))).toBe('It is being landed.');
    expect(said(markRed(pushing, { tip: TIP, reason: 'test fails', checks: [] }, T0))).toBe('It is being landed.');
  });

  test('of an unknown entry is nothing', () => {
    expect(whyView(building, 'none', T0)).toBeUndefined();
  });
});

describe('the estimate', () => {
  test('adds up over those ahead, counts what runs already, and has a high side', () => {
    const times = entryViews(building, T0 + 20_000).map(({ etaMs, etaHighMs }) => [etaMs, etaHighMs]);
    expect(times).toEqual([
      [42_000, 43_000],
      [104_000, 106_000],
    ]);
  });

  test('is absent while the lane is held, an author rebases, or a head is being looked at', () => {
    const held = pauseLane(building, 'person', { by: 'ada', reason: 'audit' }, T0);
    const rebasing = askForRebase(building, { entryId: 'e1', tip: TIP, files: [] }, T0);
    expect(entryViews(held, T0).map((entry) => entry.etaMs)).toEqual([null, null]);
    expect(entryViews(rebasing, T0).find((entry) => entry.entryId === 'e1')?.etaMs).toBeNull();
    expect(entryViews(ownerPushed(building, 'e1', sha(77), T0), T0)[0]?.etaMs).toBeNull();
  });
});

test('a full queue is seen, and planned, without naming everybody to everybody', () => {
  let state = emptyQueue();
  for (let n = 1; n <= 500; n++) state = seated(state, n);
  const { entries } = queueView(planned(state).state, T0);
  expect(entries.at(-1)).toMatchObject({ position: 500, why: { kind: 'AHEAD', count: 499 } });
  expect(whyText(entries.at(-1)?.why ?? { kind: 'LANDING' }, (id) => id)).toContain('e9, e10 and 489 more');
  expect(JSON.stringify(entries).length).toBeLessThan(250_000);
  expect(queueDetails(planned(state).state, 'main', T0)).toContain('… and 480 more');
});

test('the queue as the Web UI shows it', () => {
  const state = { ...drainLane(building, { by: 'ada', reason: 'release' }, T0), projectName: 'shop' };
  expect(queueDetails(state, 'main', T0)).toMatchInlineSnapshot(`
"**Merge queue of \`main\`** of project shop: lane draining (release), tip \`000000000000\`

1. #1 Change 1: **building** (BUILDING)
2. #2 Change 2: **waiting** (AHEAD)"
`);
  expect(queueView(state, T0)).toMatchObject({ lane: { mode: 'draining', by: 'ada' }, slots: { used: 1, budget: 1 } });
});

test('an author is told what to resolve, and everybody what to do next', () => {
  const request = { requestId: 'e1/1', round: 1, tip: sha(2), files: ['a.txt'], sinceMs: T0 };
  const mail = rebaseMail({ prNumber: 4, title: 'Add a', branch: 'main', rounds: 3 }, request, [
    { prNumber: 3, title: 'Add b', commit: sha(2) },
  ]);
  expect(`${mail.subject}\n\n${mail.body}`).toMatchInlineSnapshot(`
"Rebase #4: conflict with main

#4 "Add a" no longer merges with main at 000000000000.

Files in conflict:
- a.txt

Landed lately:
- #3 Add b (000000000000)

Keep the intent of both sides, then finish. Round 1 of 3; the entry keeps its place."
`);
  expect(NEXT_STEP).toMatchInlineSnapshot(`
{
  "ALREADY_IN_BASE": "Nothing: the base holds the change already.",
  "BASE_CHANGED": "The pull request targets another branch now: enqueue it there.",
  "BASE_GONE": "The target branch or its project is gone: enqueue the pull request on another branch.",
  "BRANCH_GONE": "Push the branch again, then enqueue the pull request again.",
  "CHECKS_FAILED": "Fix what the failed checks show, push, and enqueue the pull request again.",
  "CHECK_TIMEOUT": "The check ends in time without this change: make it faster or raise its timeout, then enqueue again.",
  "EXTERNALLY": "Nothing: somebody else put the change on the base.",
  "HEAD_CHANGED": "The branch was pushed with another change while queued: have it checked, then enqueue it again.",
  "HELD_BY_LABEL": "Remove the hold label, then enqueue the pull request again.",
  "OPERATOR": "Ask the person who withdrew it.",
  "PR_CLOSED": "Reopen the pull request if it is still wanted, then enqueue it again.",
  "PR_DRAFT": "Mark the pull request as ready, then enqueue it again.",
  "REBASE_EXHAUSTED": "Merge the base into the branch by hand, push, and enqueue the pull request again.",
}
`);
});

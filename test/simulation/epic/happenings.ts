// What can happen to an epic; `at` picks among what there is.
import * as controls from '../../../workflows/epic/controls.js';
import { forgeEvent, rebaseRequested } from '../../../workflows/epic/landing.js';
import { nextDueMs } from '../../../workflows/epic/next-step.js';
import type { EpicSim } from '../../support/epic-sim.js';

const BY = { by: 'ada' };
const HOST = { hostQueue: 'h', treeId: 't' };

export const HAPPENINGS = [
  'later',
  'works',
  'completes',
  'fails',
  'dies',
  'blocks',
  'reviews',
  'allComplete',
  'pause',
  'resume',
  'retry',
  'land',
  'landed',
  'ejected',
  'rebase',
  'mail',
  'answers',
  'loses',
  'slots',
] as const;
export type Happening = (typeof HAPPENINGS)[number];

export function happen(sim: EpicSim, what: Happening, at: number) {
  const pick = (at: number): string => [...sim.children.keys()][at % Math.max(1, sim.children.size)] ?? '';
  const entry = { entryId: sim.enqueued ?? '', prNumber: 7 };
  const when = (refusal: unknown, next: Parameters<EpicSim['change']>[0]) =>
    refusal === undefined ? sim.change(next) : undefined;
  switch (what) {
    case 'works':
      return sim.say(pick(at), 'IN_PROGRESS');
    case 'completes':
      return sim.say(pick(at), 'COMPLETED');
    case 'fails':
      return sim.say(pick(at), 'FAILED');
    case 'blocks':
      return sim.say(pick(at), 'BLOCKED');
    case 'reviews':
      return sim.say(pick(at), 'REVIEW');
    case 'allComplete':
      for (const id of sim.children.keys()) sim.say(id, 'COMPLETED');
      return;
    case 'dies':
      return sim.die(pick(at));
    case 'pause':
      return void when(controls.whyNotPause(sim.epic, BY), (e) => controls.pause(e, BY, sim.clock));
    case 'resume':
      return void when(controls.whyNotResume(sim.epic, BY), (e) => controls.resume(e, BY, sim.clock));
    case 'retry':
      return void when(controls.whyNotRetryFailed(sim.epic, BY), (e) => controls.retryFailed(e, BY, sim.clock));
    case 'land':
      return void when(controls.whyNotLand(sim.epic, BY), (e) => controls.land(e, BY, sim.clock));
    case 'landed':
      if (sim.enqueued) sim.change((e) => forgeEvent(e, { kind: 'entryLanded', ...entry, mergeSha: 'm' }));
      return;
    case 'ejected': {
      const detail = { evidence: [], failedChecks: [] };
      return sim.change((e) =>
        forgeEvent(e, { kind: 'entryEjected', ...entry, reason: 'CHECKS_FAILED', detail, next: 'mend' }),
      );
    }
    case 'rebase': {
      const request = {
        requestId: sim.clock.newId(),
        ...entry,
        tip: 't',
        headSha: 'h',
        files: ['f'],
        landed: [],
        round: 1,
      };
      return sim.change((e) => rebaseRequested(e, { ...request, maxRounds: 3, dueAt: '' }, sim.clock.newId()));
    }
    case 'mail':
      return sim.change((e) => controls.mailCame(e, { mailId: sim.clock.newId() }));
    case 'answers':
      return sim.endRun({ kind: 'completed', summary: 's', planVersion: 1, host: HOST });
    case 'loses':
      return sim.endRun(undefined);
    case 'slots':
      sim.slots = at;
      return sim.change((e) => ({ ...e, slots: at }));
    case 'later':
      sim.nowMs = nextDueMs(sim.epic, sim.nowMs) ?? sim.nowMs + 1;
  }
}

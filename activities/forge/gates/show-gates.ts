import type { Reconciliation } from '../watch/ports.js';
import { listQueueGates, listShown, listTaskGates, type ShownGate } from './gates.repository.js';
import { isLate, isSame, showOne, subjectOf } from './show-one.js';
import { checksReport, type GateDraft, queueReport, SUPERSEDED } from './texts.js';

/**
 * Shows on each head what our gates say, where that is not what was shown last. Work never waits for it: what could not
 * be shown is tried again by the next look.
 */
export const showGates: Reconciliation = async (watched) => {
  const { gates, pools } = watched.deps;
  if (gates === undefined) return;
  const { projectId, signal } = watched;
  const shown = await listShown(pools.writes, projectId);
  const current = [
    ...(await listTaskGates(pools.writes, projectId)).flatMap((gate) => checksReport(gate) ?? []),
    ...(await listQueueGates(pools.writes, projectId)).map(queueReport),
  ];
  for (const draft of [...current, ...abandoned(shown, current)]) {
    signal.throwIfAborted();
    const known = shown.get(subjectOf(draft));
    if (isSame(draft, known) || isLate(known)) continue;
    if (await showOne(watched, gates, { draft, known })) return;
  }
};

/** Shown as running, of a head that nobody looks at any more: a newer one was pushed, or the work has ended. */
function abandoned(shown: ReadonlyMap<string, ShownGate>, current: readonly GateDraft[]): readonly GateDraft[] {
  const known = new Set(current.map(subjectOf));
  return [...shown].flatMap(([subject, { isOpen, attempt }]) => {
    const [, name, headSha, externalId] = /^(.+) ([0-9a-f]{40,64}) (\S+)$/.exec(subject) ?? [];
    if (!isOpen || known.has(subject) || !name || !headSha || !externalId) return [];
    return [{ name, headSha, externalId, attempt, ...SUPERSEDED, logs: [] }];
  });
}

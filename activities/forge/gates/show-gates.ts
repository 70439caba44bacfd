import { createHash } from 'node:crypto';
import { log } from '@temporalio/activity';
import { FAILURES, Failure } from '../../../domain/failures.js';
import { mayComeLate } from '../../../domain/forge/list-lag.js';
import { isOpenGate } from '../../../infra/forge/gate-reports.js';
import type { Reconciliation, Watched } from '../watch/ports.js';
import { explained } from './explain.js';
import { listQueueGates, listShown, listTaskGates, type ShownGate, saveLost, saveShown } from './gates.repository.js';
import type { GateDeps } from './ports.js';
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
    const subject = subjectOf(draft);
    const digest = digestOf(draft);
    const known = shown.get(subject);
    if (known?.digest === digest || isLate(known)) continue;
    const before = known?.shownAs ?? null;
    const ended = await showOne(watched, gates, { draft, shownAs: before });
    if (ended.kind === 'later') {
      if (before === null) await saveLost(pools.writes, projectId, subject);
      return;
    }
    const isOpen = isOpenGate(draft.standing);
    await saveShown(pools.writes, { projectId, subject, digest, isOpen, shownAs: ended.shownAs });
  }
};

const isLate = (known: ShownGate | undefined): boolean =>
  known !== undefined && known.shownAs === null && mayComeLate(known.lostMsAgo);

type Ended = { readonly kind: 'done'; readonly shownAs: string | null } | { readonly kind: 'later' };

async function showOne(
  watched: Watched,
  { reports, logs }: GateDeps,
  { draft, shownAs }: { readonly draft: GateDraft; readonly shownAs: string | null },
): Promise<Ended> {
  try {
    const report = { ...(await explained({ ...watched, logs }, draft)), shownAs };
    return { kind: 'done', shownAs: await reports.show(watched.projectId, report, watched.signal) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    log.warn('a gate could not be shown', { gate: draft.name, type: error.type, reason: error.details.reason ?? '' });
    // A limit or an outage is everybody's. A refusal, as of a commit that is gone, is this one's, and stays.
    if (FAILURES[error.type].retryable || error.type === 'PermissionDenied') return { kind: 'later' };
    return { kind: 'done', shownAs };
  }
}

const subjectOf = ({ name, headSha, externalId }: GateDraft): string => `${name} ${headSha} ${externalId}`;

/** Shown as running, of a head that nobody looks at any more: a newer one was pushed, or the work has ended. */
function abandoned(shown: ReadonlyMap<string, ShownGate>, current: readonly GateDraft[]): readonly GateDraft[] {
  const known = new Set(current.map(subjectOf));
  return [...shown].flatMap(([subject, { isOpen }]) => {
    const [, name, headSha, externalId] = /^(.+) ([0-9a-f]{40,64}) (\S+)$/.exec(subject) ?? [];
    if (!isOpen || known.has(subject) || !name || !headSha || !externalId) return [];
    return [{ name, headSha, externalId, ...SUPERSEDED, logs: [] }];
  });
}

const digestOf = (draft: GateDraft): string => createHash('sha256').update(JSON.stringify(draft)).digest('hex');

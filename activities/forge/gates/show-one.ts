import { createHash } from 'node:crypto';
import { log } from '@temporalio/activity';
import { FAILURES, Failure } from '../../../domain/failures.js';
import { mayComeLate, mayHaveHappened } from '../../../domain/forge/list-lag.js';
import { isOpenGate } from '../../../infra/forge/gate-reports.js';
import type { Watched } from '../watch/ports.js';
import { explained } from './explain.js';
import { type ShownGate, saveLost, saveShown } from './gates.repository.js';
import type { GateDeps } from './ports.js';
import type { GateDraft } from './texts.js';

export interface OneGate {
  readonly draft: GateDraft;
  /** Undefined: it was never shown. */
  readonly known: ShownGate | undefined;
  /** What is said beside it, to whoever asked for it again: then it is shown anew, whatever it says. */
  readonly answer?: string;
}

export const subjectOf = ({ name, headSha, externalId }: GateDraft): string => `${name} ${headSha} ${externalId}`;

/** It may have been made all the same, and is not listed yet. */
export const isLate = (known: ShownGate | undefined): boolean => known !== undefined && mayComeLate(known.lostMsAgo);

/** @returns why another look has to try again */
export async function showOne(watched: Watched, gates: GateDeps, one: OneGate): Promise<Failure | undefined> {
  const { deps, projectId, signal } = watched;
  const { draft, known, answer } = one;
  const subject = subjectOf(draft);
  const shownAs = known?.shownAs ?? null;
  const isAgain = known !== undefined && !known.isOpen && (answer !== undefined || isOther(draft, known));
  try {
    const { attempt: _told, ...report } = await explained({ ...watched, logs: gates.logs }, draft);
    const summary = answer === undefined ? report.summary : `${report.summary}\n\n${answer}`;
    const id = await gates.reports.show(projectId, { ...report, summary, shownAs, isAgain }, signal);
    await save(watched, one, id);
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    log.warn('a gate could not be shown', { gate: draft.name, type: error.type, reason: error.details.reason ?? '' });
    // A limit or an outage is everybody's. A refusal, as of a commit that is gone, is this one's, and stays.
    if (!FAILURES[error.type].retryable && error.type !== 'PermissionDenied') {
      await save(watched, one, shownAs);
      return undefined;
    }
    if ((shownAs === null || isAgain) && mayHaveHappened(error)) await saveLost(deps.pools.writes, projectId, subject);
    return error;
  }
}

const save = ({ deps, projectId }: Watched, { draft }: OneGate, shownAs: string | null): Promise<void> =>
  saveShown(deps.pools.writes, {
    projectId,
    subject: subjectOf(draft),
    digest: digestOf(draft),
    isOpen: isOpenGate(draft.standing),
    attempt: draft.attempt,
    shownAs,
  });

/** Whether it says what was shown. */
export const isSame = (draft: GateDraft, known: ShownGate | undefined): boolean =>
  known !== undefined && known.digest === digestOf(draft) && !isOther(draft, known);

/** An attempt that is not known is no other one. */
const isOther = ({ attempt }: GateDraft, known: ShownGate): boolean =>
  attempt !== null && known.attempt !== null && attempt !== known.attempt;

const digestOf = ({ attempt: _shownBeside, ...draft }: GateDraft): string =>
  createHash('sha256').update(JSON.stringify(draft)).digest('hex');

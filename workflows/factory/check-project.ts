// The driver of one project's import: what its row is to say. Everything with an effect is injected.

import type { VerifyOutcome } from '../checks/verify.js';
import type { SaveProjectInput } from '../contract/activities/store.js';

export interface Imported {
  readonly baseBranch: string;
  readonly tip: string;
  readonly moved: boolean;
  readonly isShared?: boolean;
}

export interface ProjectPorts {
  /** `diverged`: the forge stays where it is; `refused`: no repository of ours can be made of this source. */
  importSource(): Promise<
    | ({ readonly kind: 'imported' } & Imported)
    | ({ readonly kind: 'diverged'; readonly reason: string } & Imported)
    | { readonly kind: 'refused'; readonly reason: string }
  >;
  inspect(tip: string): Promise<{ readonly kind: 'ready' | 'refused'; readonly reason?: string }>;
  /** @param asked how often before, for this tip and this import */
  verify(at: Imported, asked: number): Promise<VerifyOutcome>;
  /** Others change the forge too: it is looked at from now on. */
  watchForge(): void;
  /** The base moved from outside: its queue reads it. */
  sayBaseMoved(branch: string): Promise<unknown>;
  save(row: Omit<SaveProjectInput, 'projectId'>): Promise<void>;
}

/**
 * Imports, inspects, and runs the required checks on the tip, so that a red base is said before any work begins.
 * @returns `again` when the machinery failed; the row says so meanwhile
 */
export async function checkProject(ports: ProjectPorts): Promise<'done' | 'again'> {
  const found = await ports.importSource();
  if (found.kind === 'refused') {
    await ports.save({ state: 'refused', reason: found.reason });
    return 'done';
  }
  if (found.isShared) ports.watchForge();
  if (found.moved) await ports.sayBaseMoved(found.baseBranch);
  const at = { baseBranch: found.baseBranch, tipSha: found.tip };
  // A source that diverged changes nothing here: what the forge has is judged as it is, and the reason says what to do.
  const diverged = found.kind === 'diverged' ? found.reason : undefined;
  const inspected = await ports.inspect(found.tip);
  if (inspected.kind === 'refused') {
    await ports.save({ state: 'refused', reason: join(inspected.reason ?? 'its configuration', diverged), ...at });
    return 'done';
  }
  const verdict = verdictOf(await verifyTwice(ports, found), found.tip);
  await ports.save({ state: verdict.state, reason: join(verdict.reason, diverged) || null, ...at });
  return verdict.state === 'importing' ? 'again' : 'done';
}

/** What did not end in its time is asked for once more, before that is the verdict. */
async function verifyTwice(ports: ProjectPorts, at: Imported): Promise<VerifyOutcome> {
  const first = await ports.verify(at, 0);
  if (first.kind !== 'infra' || !first.isTimeout) return first;
  await ports.save({ state: 'importing', reason: `asked again: ${first.error}` });
  return ports.verify(at, 1);
}

const join = (...reasons: readonly (string | undefined)[]): string =>
  reasons.filter((reason) => reason !== undefined && reason !== '').join('; ');

function verdictOf(
  outcome: VerifyOutcome,
  tip: string,
): { readonly state: 'ready' | 'red' | 'importing'; readonly reason: string } {
  switch (outcome.kind) {
    case 'passed':
    // A tip that adds nothing to itself: there was nothing to run.
    case 'empty':
      return { state: 'ready', reason: '' };
    case 'red':
    case 'controlRed': {
      const names = outcome.checks.map(({ name, failedTests }) =>
        failedTests.length > 0 ? `${name} (${failedTests.slice(0, 3).join(', ')})` : name,
      );
      return { state: 'red', reason: `required checks fail on ${tip.slice(0, 12)}: ${names.join('; ')}` };
    }
    case 'infra':
      if (outcome.isTimeout)
        return {
          state: 'red',
          reason: `CHECK_TIMEOUT: required checks did not end on ${tip.slice(0, 12)}: ${outcome.error}`,
        };
      return { state: 'importing', reason: `the checks could not be run: ${outcome.error}` };
    case 'conflict':
    case 'tipMoved':
      return { state: 'importing', reason: 'the base moved while its checks ran' };
  }
}

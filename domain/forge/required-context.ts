import type { Sha256 } from '../evidence.js';

/** A check that the rules of a branch require of the forge's own CI. */
export interface RequiredContext {
  /** Name of a check run, or context of a commit status. */
  readonly context: string;
  /** Only what this App says counts. Absent: whoever says it. */
  readonly appId?: number;
}

export interface NamedContext extends RequiredContext {
  /** Unique among all checks of a plan. */
  readonly name: string;
}

/** What several rules ask, each once, in an order that does not depend on theirs. */
export const joinContexts = (contexts: readonly RequiredContext[]): readonly RequiredContext[] =>
  [...new Map(contexts.map((one) => [identityOf(one), one])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, one]) => one);

const identityOf = ({ context, appId }: RequiredContext): string => JSON.stringify([context, appId ?? null]);

/** By their own names; a name that another check has is told apart by the App, or by where it runs. */
export const nameContexts = (
  contexts: readonly RequiredContext[],
  taken: readonly string[],
): readonly NamedContext[] => {
  const names = new Set(taken);
  return contexts.map((one) => {
    const apart = one.appId === undefined ? 'forge' : `app ${one.appId}`;
    let name = one.context;
    for (let n = 1; names.has(name); n++) name = `${one.context} (${n === 1 ? apart : `${apart}, ${n}`})`;
    names.add(name);
    return { ...one, name };
  });
};

const PREFIX = 'forge:';

/** Evidence key of what the forge's CI says of one tree. It is told by its form from the key of a check of ours. */
export const contextKey = ({ context, appId }: RequiredContext, tree: string, sha256: Sha256): string =>
  `${PREFIX}${sha256(JSON.stringify([context, appId ?? null, tree]))}`;

export const isContextKey = (key: string): boolean => key.startsWith(PREFIX);

const LEAST_MS = 10 * 60_000;

/** How long a context may take: three times what it usually needs, where that is known. */
export const contextTimeoutMs = (p95Ms: number | undefined, mostMs: number): number =>
  p95Ms === undefined ? mostMs : Math.min(mostMs, Math.max(LEAST_MS, 3 * p95Ms));

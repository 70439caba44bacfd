import type { Context } from '../context.js';

interface Window {
  readonly limit: number;
  readonly left: number;
}

type ByPriority = Readonly<Record<'landing' | 'state' | 'report', number>>;

/** Of `GET /api/v1/metrics`: what all workers together have left of one installation's or token's limits. */
export interface ForgeLimit {
  readonly scope: string;
  readonly pointsPerMinute: Window;
  readonly creationsPerMinute: Window;
  readonly creationsPerHour: Window;
  readonly quota: { readonly limit: number; readonly remaining: number; readonly resetAt: string } | null;
  readonly pausedUntil: string | null;
  readonly waitSeconds: ByPriority;
  readonly waiting: ByPriority;
}

/** None when no instance answers, or the key is one of certain projects: then there is nothing to show. */
export async function readLimits(context: Pick<Context, 'api'>): Promise<readonly ForgeLimit[]> {
  try {
    const api = await context.api();
    return (await api.get<{ readonly forge: readonly ForgeLimit[] }>('/metrics')).forge;
  } catch {
    // The status of everything else is worth having without it.
    return [];
  }
}

/** The limiter in words, a line for each scope. */
export const limitLines = (limits: readonly ForgeLimit[]): readonly (readonly [string, string])[] =>
  limits.map((limit, index) => [index === 0 ? 'limits' : '', `${limit.scope}: ${wordsOf(limit)}`]);

function wordsOf(one: ForgeLimit): string {
  const { pointsPerMinute: points, creationsPerMinute: minute, creationsPerHour: hour, quota, pausedUntil } = one;
  return [
    ...(pausedUntil === null ? [] : [`paused until ${pausedUntil}`]),
    `left this minute ${points.left} of ${points.limit} points and ${minute.left} of ${minute.limit} creations`,
    `this hour ${hour.left} of ${hour.limit} creations`,
    ...(quota === null ? [] : [`${quota.remaining} of ${quota.limit} requests until ${quota.resetAt}`]),
    ...waitingWords(one),
  ].join('; ');
}

const SHOWN = [
  ['landing', 'that land'],
  ['state', 'that work waits for'],
  ['report', 'that only show'],
] as const;

function waitingWords({ waiting, waitSeconds }: ForgeLimit): readonly string[] {
  const words = SHOWN.filter(([priority]) => waiting[priority] > 0).map(
    ([priority, what]) => `${waiting[priority]} ${what}`,
  );
  if (words.length === 0) return [];
  return [`waiting: ${words.join(', ')}, up to ${Math.max(...Object.values(waitSeconds))} s`];
}

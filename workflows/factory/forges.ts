// When the factory looks at a project's forge: soon after a delivery, and every minute while work is open. Pure.
import type { ForgeLook } from '../contract/activities/forge-watch.js';
import { type Factory, type ForgeJob, newForge } from './factory.state.js';

const AT_ONCE = 3;

/** Between looks that no delivery asked for (RELIABILITY section 3). */
export interface LookEvery {
  readonly openMs: number;
  readonly idleMs: number;
}
export const LOOK_EVERY = {
  normal: { openMs: 60_000, idleMs: 5 * 60_000 },
  brisk: { openMs: 5_000, idleMs: 30_000 },
} as const satisfies Record<string, LookEvery>;

/** A project whose forge others change too; one that is known already is looked at now. */
export const forgeKnown = (factory: Factory, projectId: string, nowMs: number): Factory =>
  change(factory, projectId, nowMs, (job) => ({ ...job, dueAtMs: nowMs }));

/** A delivery waits. While the job runs it may have been seen or not, so it runs again. */
export const forgeHinted = (factory: Factory, projectId: string, nowMs: number): Factory =>
  change(factory, projectId, nowMs, (job) => ({ ...job, hinted: true }));

export type ForgeTurn = { readonly projectId: string; readonly look: 'hints' | 'everything' };

export function nextForge(factory: Factory, nowMs: number): ForgeTurn | undefined {
  if (factory.forges.filter((job) => job.running).length >= AT_ONCE) return undefined;
  const job = factory.forges.find((one) => !one.running && dueMs(one) <= nowMs);
  return job && { projectId: job.projectId, look: job.dueAtMs <= nowMs ? 'everything' : 'hints' };
}

/** When the loop must look again of itself; while all places are taken, the end of a look wakes it. */
export const forgeDueMs = ({ forges }: Factory): number =>
  forges.filter((job) => job.running).length >= AT_ONCE
    ? Number.POSITIVE_INFINITY
    : Math.min(...forges.filter((job) => !job.running).map(dueMs));

const dueMs = ({ hinted, dueAtMs, notBeforeMs }: ForgeJob): number => Math.max(notBeforeMs, hinted ? 0 : dueAtMs);

export const forgeStarted = (factory: Factory, projectId: string): Factory =>
  withJob(factory, projectId, { running: true, hinted: false });

export function forgeLooked(
  factory: Factory,
  { projectId, look }: ForgeTurn,
  { kind }: ForgeLook,
  { openMs, idleMs }: LookEvery,
  nowMs: number,
): Factory {
  if (kind === 'gone') return { ...factory, forges: factory.forges.filter((job) => job.projectId !== projectId) };
  const nextMs = nowMs + (kind === 'open' ? openMs : idleMs);
  return {
    ...factory,
    forges: factory.forges.map((job) => {
      if (job.projectId !== projectId) return job;
      // Hints may open work where there was none: the next look at everything comes no later than it asks for.
      const dueAtMs = look === 'everything' ? nextMs : Math.min(job.dueAtMs, nextMs);
      return { ...job, running: false, tries: 0, notBeforeMs: 0, dueAtMs };
    }),
  };
}

const MOST_WAITS = 5;

/**
 * The forge is away: it is asked again, and then for everything. One that limits us, or is shut, is asked when it said;
 * where that is long, a look in between finds out whether it was mended sooner, and costs the forge nothing.
 * @param heldUpMs how long it said to wait, where it said so
 */
export function forgeFailed(
  factory: Factory,
  projectId: string,
  { openMs }: LookEvery,
  { nowMs, heldUpMs }: { readonly nowMs: number; readonly heldUpMs?: number },
): Factory {
  const before = factory.forges.find((job) => job.projectId === projectId)?.tries ?? 0;
  const tries = heldUpMs === undefined ? before + 1 : before;
  const notBeforeMs = nowMs + Math.min(openMs * MOST_WAITS, heldUpMs ?? openMs * tries);
  return withJob(factory, projectId, { running: false, tries, dueAtMs: nowMs, notBeforeMs });
}

const change = (factory: Factory, projectId: string, nowMs: number, next: (job: ForgeJob) => ForgeJob): Factory => {
  const known = factory.forges.find((job) => job.projectId === projectId);
  if (known === undefined) return { ...factory, forges: [...factory.forges, next(newForge(projectId, nowMs))] };
  return { ...factory, forges: factory.forges.map((job) => (job === known ? next(job) : job)) };
};

const withJob = (factory: Factory, projectId: string, fields: Partial<ForgeJob>): Factory => ({
  ...factory,
  forges: factory.forges.map((job) => (job.projectId === projectId ? { ...job, ...fields } : job)),
});

// Which project is imported and checked next. Pure.
import { type Factory, newJob, type ProjectJob } from './factory.state.js';

/** Checks of a tip are heavy; the workers of the epics share the machine with them. */
const AT_ONCE = 3;
const LONGEST_RETRY_MS = 10 * 60_000;

export function projectChanged(factory: Factory, projectId: string, nowMs: number): Factory {
  const known = factory.projects.find((job) => job.projectId === projectId);
  if (!known) return { ...factory, projects: [...factory.projects, newJob(projectId, nowMs)] };
  return withJob(factory, projectId, known.running ? { again: true } : { tries: 0, notBeforeMs: nowMs });
}

export function nextProject(factory: Factory, nowMs: number): ProjectJob | undefined {
  if (factory.projects.filter((job) => job.running).length >= AT_ONCE) return undefined;
  return factory.projects.find((job) => !job.running && job.notBeforeMs <= nowMs);
}

/** When the loop must look again of itself; while all places are taken, the end of a check wakes it. */
export const projectDueMs = ({ projects }: Factory): number =>
  projects.filter((job) => job.running).length >= AT_ONCE
    ? Number.POSITIVE_INFINITY
    : Math.min(...projects.filter((job) => !job.running).map((job) => job.notBeforeMs));

export const projectStarted = (factory: Factory, projectId: string): Factory =>
  withJob(factory, projectId, { running: true, again: false });

/** Forgotten, unless it changed meanwhile. */
export const projectDone = (factory: Factory, projectId: string): Factory => ({
  ...factory,
  projects: factory.projects.flatMap((job) => {
    if (job.projectId !== projectId) return [job];
    return job.again ? [{ ...job, again: false, running: false, tries: 0, notBeforeMs: 0 }] : [];
  }),
});

/** The machinery failed, which says nothing about the project: it is tried again, ever later. */
export function projectFailed(factory: Factory, projectId: string, nowMs: number, retryMs: number): Factory {
  const tries = (factory.projects.find((job) => job.projectId === projectId)?.tries ?? 0) + 1;
  const waitMs = Math.min(LONGEST_RETRY_MS, retryMs * 2 ** Math.min(tries - 1, 20));
  return withJob(factory, projectId, { running: false, again: false, tries, notBeforeMs: nowMs + waitMs });
}

const withJob = (factory: Factory, projectId: string, change: Partial<ProjectJob>): Factory => ({
  ...factory,
  projects: factory.projects.map((job) => (job.projectId === projectId ? { ...job, ...change } : job)),
});

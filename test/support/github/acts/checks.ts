import { latestRuns, stateOfSuite } from '../render/check.js';
import type { Annotation, CheckRun, CheckSuite, Conclusion } from '../state/checks.js';
import type { Repository } from '../state/records.js';
import { tellRun, tellSuite } from '../webhooks/happenings.js';
import type { World } from '../world.js';

interface Where {
  readonly repository: Repository;
  readonly appSlug: string;
  /** Absent: the App's suite of the commit. */
  readonly suite?: CheckSuite;
}

export interface NewSuite {
  readonly headSha: string;
  readonly headBranch: string | null;
  readonly before?: string | null;
}

/** The App's suite of a commit, made when there is none: one for each App and commit. */
export async function suiteOf(world: World, where: Where, input: NewSuite): Promise<CheckSuite> {
  const { repository, appSlug } = where;
  const known = world.state.suites.find(
    (one) => one.repositoryId === repository.id && one.appSlug === appSlug && one.headSha === input.headSha,
  );
  return where.suite ?? known ?? (await newSuite(world, where, input));
}

/** One more for the same commit, as each push has one. */
export async function newSuite(world: World, { repository, appSlug }: Where, input: NewSuite): Promise<CheckSuite> {
  const { state, clock } = world;
  const at = clock.at();
  const suite: CheckSuite = {
    id: state.nextId(),
    repositoryId: repository.id,
    appSlug,
    headSha: input.headSha,
    headBranch: input.headBranch,
    before: input.before ?? null,
    createdAt: at,
    createdAtMs: clock.now(),
    updatedAt: at,
  };
  state.suites.push(suite);
  await tellSuite(world, 'requested', suite, { repository, login: `${appSlug}[bot]` });
  return suite;
}

export interface RunChange {
  readonly status?: CheckRun['status'];
  readonly conclusion?: Conclusion;
  readonly externalId?: string;
  readonly detailsUrl?: string;
  readonly title?: string;
  readonly summary?: string;
  readonly text?: string;
  readonly annotations?: readonly Annotation[];
  readonly log?: string;
}

export async function createRun(
  world: World,
  where: Where,
  { name, headSha, headBranch, ...change }: RunChange & { readonly name: string } & NewSuite,
): Promise<CheckRun> {
  const suite = await suiteOf(world, where, { headSha, headBranch });
  const run: CheckRun = {
    id: world.state.nextId(),
    suiteId: suite.id,
    repositoryId: where.repository.id,
    name,
    headSha,
    externalId: '',
    detailsUrl: null,
    status: 'queued',
    conclusion: null,
    startedAt: world.clock.at(),
    createdAtMs: world.clock.now(),
    completedAt: null,
    title: null,
    summary: null,
    text: null,
    annotations: [],
    log: null,
  };
  world.state.checkRuns.push(run);
  apply(world, run, change);
  const by = { repository: where.repository, login: `${where.appSlug}[bot]` };
  tellRun(world, 'created', run, by);
  if (run.status === 'completed') await tellCompleted(world, where, run);
  return run;
}

function apply(world: World, run: CheckRun, { annotations = [], ...change }: RunChange): void {
  Object.assign(run, Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)));
  // Each request adds its annotations to those before it.
  run.annotations.push(...annotations);
  if (change.conclusion !== undefined) run.status = 'completed';
  if (run.status === 'completed') run.completedAt ??= world.clock.at();
  else {
    run.conclusion = null;
    run.completedAt = null;
  }
}

export async function changeRun(world: World, where: Where, run: CheckRun, change: RunChange): Promise<void> {
  const wasCompleted = run.status === 'completed';
  apply(world, run, change);
  if (run.status === 'completed' && !wasCompleted) await tellCompleted(world, where, run);
}

async function tellCompleted(world: World, { repository, appSlug }: Where, run: CheckRun): Promise<void> {
  const by = { repository, login: `${appSlug}[bot]` };
  tellRun(world, 'completed', run, by);
  const suite = world.state.suites.find((one) => one.id === run.suiteId);
  if (suite === undefined) return;
  suite.updatedAt = world.clock.at();
  const { status } = stateOfSuite(latestRuns(world.state.runsOfSuite(suite.id)));
  if (status === 'completed') await tellSuite(world, 'completed', suite, by);
}

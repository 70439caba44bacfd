import { setTimeout as sleep } from 'node:timers/promises';
import picomatch from 'picomatch';
import { changeRun, createRun, newSuite } from '../acts/checks.js';
import { branchOf } from '../git/after-push.js';
import { ZERO_SHA } from '../git/read.js';
import { randomOf } from '../random.js';
import type { CheckRun, CheckSuite } from '../state/checks.js';
import type { Repository } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import type { World } from '../world.js';
import type { Job, JobResult, Pipeline, Unreliability } from './jobs.js';
import { runCommand } from './run-command.js';

/** The App whose check runs they are, as of GitHub's own Actions. */
export const CI_APP = 'github-actions';
const FLAKE_LOG = 'Error: connect ETIMEDOUT 140.82.112.3:443\n';

interface Installed {
  readonly pipeline: Pipeline;
  /** Stays when it is renamed. */
  readonly repositoryId: number;
  readonly random: () => number;
}

/** Runs the pipelines of pushed branches, and again what is asked for again. */
export class Ci {
  private readonly installed: Installed[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private readonly ending = new AbortController();

  constructor(private readonly world: World) {
    world.pushListeners.push((repository, changes) => {
      for (const { ref, before, after } of changes) {
        const branch = branchOf(ref);
        if (branch !== undefined && after !== ZERO_SHA) this.pushed(repository, { branch, before, after });
      }
    });
    world.rerequestListeners.push((repository, { suiteId, name }) => this.again(repository, suiteId, name));
  }

  install(pipeline: Pipeline): void {
    const { id: repositoryId } = this.world.state.repositoryNamed(pipeline.repository);
    this.installed.push({ pipeline, repositoryId, random: randomOf(pipeline.unreliability?.seed ?? 1) });
  }

  /** Until no job is under way. One that never reports is not waited for. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  async close(): Promise<void> {
    this.ending.abort();
    await this.settled();
  }

  private track(work: Promise<void>): void {
    const safe = work.catch((error: unknown) => {
      if (!this.ending.signal.aborted) this.world.complain('CI', [`it failed itself: ${(error as Error).stack}`]);
    });
    this.underWay.add(safe);
    void safe.finally(() => this.underWay.delete(safe));
  }

  private pushed(
    repository: Repository,
    { branch, before, after }: { readonly branch: string; readonly before: string; readonly after: string },
  ): void {
    for (const one of this.installed) {
      if (one.repositoryId !== repository.id) continue;
      if (!picomatch.isMatch(branch, [...(one.pipeline.branches ?? ['**'])], { dot: true })) continue;
      this.track(this.runAll(one, repository, { headSha: after, headBranch: branch, before }));
    }
  }

  private async runAll(
    one: Installed,
    repository: Repository,
    input: { readonly headSha: string; readonly headBranch: string; readonly before: string },
  ): Promise<void> {
    const suite = await newSuite(this.world, { repository, appSlug: CI_APP }, input);
    await Promise.all(one.pipeline.jobs.map((job) => this.runJob(one, job, { repository, suite })));
  }

  private again(repository: Repository, suiteId: number, name: string | undefined): void {
    const suite = this.world.state.suites.find((other) => other.id === suiteId && other.appSlug === CI_APP);
    if (suite === undefined) return;
    for (const one of this.installed.filter(({ repositoryId }) => repositoryId === repository.id)) {
      for (const job of one.pipeline.jobs.filter((job) => name === undefined || job.name === name)) {
        this.track(this.runJob(one, job, { repository, suite }));
      }
    }
  }

  private async runJob(
    one: Installed,
    job: Job,
    { repository, suite }: { readonly repository: Repository; readonly suite: CheckSuite },
  ): Promise<void> {
    const { world } = this;
    const where = { repository, appSlug: CI_APP, suite };
    const attempt = world.state.runsOfSuite(suite.id).filter((run) => run.name === job.name).length + 1;
    const { headSha, headBranch } = suite;
    const run: CheckRun = await createRun(world, where, { name: job.name, headSha, headBranch, status: 'in_progress' });
    const base = `${world.urls.web}/${fullNameOf(repository)}/actions/runs/${suite.id}/job/${run.id}`;
    await changeRun(world, where, run, { detailsUrl: base });
    const result = unreliable(await this.work(job, repository, suite, attempt), one);
    if (result.kind === 'never') return;
    if (result.afterMs !== undefined) await sleep(result.afterMs, undefined, { signal: this.ending.signal });
    const { conclusion, log = '', summary, annotations } = result;
    await changeRun(world, where, run, {
      conclusion,
      log,
      ...(summary === undefined ? {} : { summary }),
      ...(annotations === undefined ? {} : { annotations }),
    });
  }

  private async work(
    { work }: Job,
    repository: Repository,
    { headSha, headBranch }: CheckSuite,
    attempt: number,
  ): Promise<JobResult> {
    if (work.kind === 'script') {
      return work.decide({ repository: fullNameOf(repository), branch: headBranch ?? '', sha: headSha, attempt });
    }
    const { directory } = repository;
    const { argv, timeoutMs } = work;
    const { signal } = this.ending;
    return runCommand({ directory, sha: headSha, argv, signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  }
}

/** What becomes of a result on a bad day. One chance for each job, whatever it did, so that a seed repeats. */
function unreliable(result: JobResult, { pipeline, random }: Installed): JobResult {
  const { flaky = 0, never = 0, late = 0, lateMs = 1_000 }: Unreliability = pipeline.unreliability ?? {};
  const drawn = [random(), random(), random()] as const;
  if (result.kind === 'never' || drawn[0] < never) return { kind: 'never' };
  const isFlaking = result.conclusion === 'success' && drawn[1] < flaky;
  return {
    ...result,
    ...(isFlaking ? { conclusion: 'failure', log: `${result.log ?? ''}${FLAKE_LOG}` } : {}),
    ...(drawn[2] < late ? { afterMs: (result.afterMs ?? 0) + lateMs } : {}),
  };
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resource } from '../../../cli/api-client.js';
import type { Pipeline } from '../../support/github/ci/jobs.js';
import type { RecordedRequest } from '../../support/github/http/record.js';
import { branchesLeft, judge } from '../../support/github/judgement.js';
import { type GitHub, startGitHub } from '../../support/github/start.js';
import { fullNameOf } from '../../support/github/state/state.js';
import { variablesOf } from '../../support/github/variables.js';
import type { WebhookOptions } from '../../support/github/webhooks/options.js';
import { until } from '../../support/until.js';
import type { CaseRun } from '../case.js';
import { ChaosWorld } from '../world.js';
import { GitHubTracker, PERSON } from './github-tracker.js';
import { CHECK, issueScenario, SHARED_REPOSITORY } from './scenario.js';
import { findTokens, ProcessWatch } from './tokens.js';
import type { Tracker } from './tracker.js';

export const REPOSITORY_NAME = 'acme/chaos';
const CI = 'ci / once';
const SECRET = 'q1c7webhooks0of9chaos3alone5';
/** Ends a case that would hang. */
const PATIENCE = { everyMs: 300, atMostMs: 5 * 60_000 };
/** A limit that names no time takes its minutes; each task on a busy machine takes most of one. */
const patienceFor = (tasks: number) => ({ everyMs: 300, atMostMs: (5 + tasks) * 60_000 });
/** More than one sweep of the factory. */
const SWEPT = { everyMs: 1_000, atMostMs: 7 * 60_000 };

export interface GitHubWorldOptions {
  /** Of each epic. */
  readonly tasks: number;
  /** Where tasks land. Default: on the epic's own branch. */
  readonly mergeTarget?: 'epic' | 'base';
  readonly env?: NodeJS.ProcessEnv;
  /** Where issues are filed, one in each. Default: at GitHub. */
  readonly trackers?: readonly ('github' | Tracker)[];
  /** What goes wrong with GitHub's own CI. Default: nothing. */
  readonly ci?: Pick<Pipeline, 'unreliability'> & { readonly work?: Pipeline['jobs'][number]['work'] };
}

export interface EndExpected {
  readonly outside?: readonly string[];
  readonly boughtAgain?: number;
  /** A process that was killed gives no token back. */
  readonly wasKilled?: boolean;
}

const STUCK_LOOKS = 100;
/** What was sent before a refusal came may end after it. */
const IN_FLIGHT_MS = 5_000;

/** A whole Millwright at a GitHub with state, of one case alone; its epics begin as issues. */
export class GitHubWorld {
  private readonly own: GitHubTracker;
  private readonly trackers: readonly Tracker[];
  private epicIds: readonly string[] = [];

  private constructor(
    readonly github: GitHub,
    readonly world: ChaosWorld,
    private readonly options: GitHubWorldOptions,
    private readonly watch: ProcessWatch,
  ) {
    this.own = new GitHubTracker(github, () => this.repository);
    this.trackers = (options.trackers ?? ['github']).map((one) => (one === 'github' ? this.own : one));
  }

  static async open(run: CaseRun, options: GitHubWorldOptions): Promise<GitHubWorld> {
    const directory = mkdtempSync(join(tmpdir(), 'millwright-github-'));
    run.atEnd(() => rmSync(directory, { recursive: true, force: true }));
    const github = await startGitHub({ directory: join(directory, 'repositories') });
    run.atEnd(() => github.close());
    const elsewhere = Object.assign({}, ...(options.trackers ?? []).map((one) => one !== 'github' && one.variables));
    const world = await ChaosWorld.open(run, {
      scenario: issueScenario(options.tasks),
      repository: SHARED_REPOSITORY,
      env: { ...variablesOf(github, directory, SECRET), ...elsewhere, ...options.env },
    });
    const watch = new ProcessWatch();
    run.atEnd(async () => void (await watch.stop()));
    const [owner = '', name = ''] = REPOSITORY_NAME.split('/');
    await github.admin.createRepository({ owner, name, bundle: world.source, isPublic: true });
    github.admin.user(PERSON, { [REPOSITORY_NAME]: 'write' });
    github.admin.user('olga', { [REPOSITORY_NAME]: 'write' });
    github.admin.protect(REPOSITORY_NAME, {
      source: 'ruleset',
      requiredChecks: [{ context: CI }],
      bypass: [github.app.slug],
    });
    const { unreliability, work = { kind: 'command', argv: CHECK } as const } = options.ci ?? {};
    github.ci.install({
      repository: REPOSITORY_NAME,
      branches: ['main', 'trunk', 'millwright-queue/**'],
      jobs: [{ name: CI, work }],
      ...(unreliability ? { unreliability } : {}),
    });
    return new GitHubWorld(github, world, options, watch);
  }

  /** Events go to the instance from now on. */
  sendEvents(trouble: Partial<WebhookOptions> = {}): void {
    this.github.webhooks.configure({
      url: `${this.world.api.baseUrl}/webhooks/github`,
      secret: SECRET,
      ...trouble,
    });
  }

  /** As it is called now. */
  get repository(): string {
    const [repository] = this.github.state.repositories;
    return repository === undefined ? REPOSITORY_NAME : fullNameOf(repository);
  }

  get base(): string {
    return this.github.state.repositoryNamed(this.repository).defaultBranch;
  }

  async addProject(): Promise<Resource> {
    const { mergeTarget = 'epic' } = this.options;
    return await this.world.addProject({
      ...Object.assign({}, ...this.trackers.map(({ project }) => project)),
      source: `${this.github.url}/${this.repository}`,
      overrides: { epics: { overlap: 'allow', land: 'auto', mergeTarget } },
    });
  }

  /** An issue with the label in each tracker, and the epics that they become. */
  async fileIssues(): Promise<void> {
    for (const tracker of this.trackers) await tracker.fileIssue();
    await until(async () => {
      const epics = await this.world.api
        .list('/epics', { projectId: this.world.projectId })
        .catch((): readonly Resource[] => []); // the API is away
      this.epicIds = epics.map(({ id }) => String(id));
      return epics.length === this.trackers.length;
    }, PATIENCE);
    for (const id of this.epicIds) this.world.expectEpic(id, this.options.tasks);
  }

  /** A comment of a person. Default: in the issue. */
  say(body: string, number = this.own.number): void {
    this.github.people.comment({ repository: this.repository, number, by: PERSON, body });
  }

  async untilTask(title: string, isThere: (state: unknown) => boolean): Promise<void> {
    await until(async () => {
      const tasks = await this.tasks();
      return tasks.some((task) => task.title === title && isThere(task.state));
    }, PATIENCE);
  }

  async isOnBase(sha: string): Promise<boolean> {
    const branches = await this.github.people.git(this.repository, 'branch', '--contains', sha);
    return branches.split('\n').some((line) => line.slice(2) === this.base);
  }

  /** Rows of an event. */
  async keptDeliveries(guid: string): Promise<number> {
    const text = 'SELECT 1 FROM webhook_delivery WHERE delivery_id = $1';
    return (await this.world.instance.query(text, [guid])).length;
  }

  /** REST requests of the installation that were sent after a refusal and before its time was over. */
  requestsWithin(atMs: number, waitMs: number): readonly RecordedRequest[] {
    return this.github.requests.filter(
      (one) =>
        one.tokenId !== null && one.operation !== 'git' && one.atMs > atMs + IN_FLIGHT_MS && one.atMs < atMs + waitMs,
    );
  }

  /** Every epic is complete, and its issue closed. @throws when somebody must help */
  async untilDone(): Promise<void> {
    for (const id of this.epicIds) await this.untilEpic(id);
    await until(() => this.trackers.every(({ isIssueDone }) => isIssueDone), { everyMs: 200, atMostMs: 180_000 });
  }

  private async untilEpic(id: string): Promise<void> {
    let epic: Resource = {};
    let looksStuck = 0;
    await until(async () => {
      epic = await this.world.api.get(`/epics/${id}`).catch(() => epic); // the API is away
      // What somebody has just done shows a moment later.
      looksStuck = String(epic.waitingFor).startsWith('somebody') ? looksStuck + 1 : 0;
      return epic.state === 'COMPLETED' || looksStuck > STUCK_LOOKS;
    }, patienceFor(this.options.tasks)).catch(() => {}); // what it waits for is said below
    if (epic.state !== 'COMPLETED')
      throw new Error(`The epic is ${epic.state}: it waits for ${epic.waitingFor}.\n${await this.standing()}`);
  }

  /** Everything landed once, and nothing is left: by our own records, by GitHub's, and by a search for tokens. */
  async verdict({ outside = [], boughtAgain = 0, wasKilled = false }: EndExpected = {}): Promise<void> {
    await this.untilDone();
    const { tasks, mergeTarget } = this.options;
    const landings = this.trackers.length * (mergeTarget === 'base' ? tasks : tasks + 1);
    await this.world.verdict({ boughtAgain, landings });
    this.github.faults.clear();
    const wanted = { repository: this.repository, pulls: landings, outside, check: CHECK };
    // What could not be removed in the trouble goes with the sweep.
    await until(async () => (await branchesLeft(this.github, this.repository)).length === 0, SWEPT).catch(() => {}); // judged below
    const wrong = Object.values(await judge(this.github, wanted)).flat();
    wrong.push(...this.trackers.flatMap((tracker) => tracker.complaints()));
    wrong.push(...(await this.watch.stop()));
    wrong.push(
      ...(await findTokens(this.world.instance, this.github, {
        secrets: [SECRET, ...this.trackers.flatMap(({ secrets }) => secrets)],
        wasKilled,
      })),
    );
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  }

  /** A person opens a lane that an incident has paused, as often as that happens. @returns how often so far */
  openLanes(run: CaseRun): { readonly opened: () => number } {
    let opened = 0;
    let isOver = false;
    const path = `/queues/${this.world.projectId}/main`;
    const opening = (async () => {
      while (!isOver) {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        const lane = await this.world.api.get(path).catch((): Resource => ({})); // no queue, or no API
        const isOurs = String(lane.reason).startsWith('BASE_REWRITTEN') && lane.mode === 'paused';
        if (!isOurs) continue;
        await this.world.api.post(`${path}/open`, { reason: 'Looked at it; it was meant.' }).then(
          () => opened++,
          () => undefined, // tried again
        );
      }
    })();
    run.atEnd(async () => {
      isOver = true;
      await opening;
    });
    return { opened: () => opened };
  }

  private async tasks(): Promise<readonly Resource[]> {
    return (await Promise.all(this.epicIds.map((id) => this.world.api.list(`/epics/${id}/tasks`)))).flat();
  }

  private async standing(): Promise<string> {
    const tasks = await this.tasks().catch((): readonly Resource[] => []);
    const open = tasks.filter(({ state }) => state !== 'COMPLETED');
    const pulls = this.github.state.issues.filter(({ pull }) => pull !== null && pull.mergedAt === null);
    return [
      ...open.map(({ title, state, waitingFor, reason }) => `  ${title} is ${state}: ${waitingFor ?? reason ?? ''}`),
      ...pulls.map(({ number, title, state }) => `  #${number} ${title} is ${state}`),
    ].join('\n');
  }
}

import { changeRun, createRun, type RunChange } from '../acts/checks.js';
import { type Answer, ok, type RepositoryCall } from '../http/call.js';
import { GitHubError, notFound } from '../http/errors.js';
import { page } from '../http/paging.js';
import { onRepository, type Route } from '../http/route.js';
import { latestRuns, renderListedSuite, renderRun } from '../render/check.js';
import type { Annotation, CheckRun, CheckSuite, Conclusion } from '../state/checks.js';
import { fullNameOf } from '../state/state.js';
import { tellRun, tellSuite } from '../webhooks/happenings.js';
import { shaOf } from './subjects.js';

const READ = { needs: ['checks:read'] } as const;
const WRITE = { needs: ['checks:write'] } as const;

export function runOf(call: RepositoryCall, name = 'check_run_id'): CheckRun {
  const id = Number(call.params[name]);
  const run = call.world.state.checkRuns.find((one) => one.repositoryId === call.repository.id && one.id === id);
  if (run === undefined) throw notFound();
  return run;
}

function suiteOf(call: RepositoryCall): CheckSuite {
  const id = Number(call.params.check_suite_id);
  const suite = call.world.state.suites.find((one) => one.repositoryId === call.repository.id && one.id === id);
  if (suite === undefined) throw notFound();
  return suite;
}

/** Only Apps have check runs, and each writes its own only. */
function appOf(call: RepositoryCall, run?: CheckRun): string {
  if (call.caller.kind !== 'installation') throw new GitHubError(403, 'You must authenticate via a GitHub App.');
  const { slug } = call.caller.app;
  const owner = call.world.state.suites.find((one) => one.id === run?.suiteId)?.appSlug;
  if (run !== undefined && owner !== slug)
    throw new GitHubError(
      403,
      'Invalid app_id `app_id` - check run can only be modified by the GitHub App that created it.',
    );
  return slug;
}

interface RunBody {
  readonly name?: string;
  readonly head_sha?: string;
  readonly external_id?: string;
  readonly details_url?: string;
  readonly status?: CheckRun['status'];
  readonly conclusion?: Conclusion;
  readonly output?: {
    readonly title?: string;
    readonly summary?: string;
    readonly text?: string;
    readonly annotations?: readonly Annotation[];
  };
}

const defined = <T extends object>(value: T): Partial<T> =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<T>;

const changeOf = ({ external_id, details_url, status, conclusion, output = {} }: RunBody): RunChange =>
  // Absent fields leave what is there as it is.
  defined({ externalId: external_id, detailsUrl: details_url, status, conclusion, ...output }) as RunChange;

/** Runs of a commit: newest of each name unless all are asked for. */
function listRuns(call: RepositoryCall, runs: readonly CheckRun[]): Promise<Answer> {
  const { state } = call.world;
  const appId = call.query.get('app_id');
  const name = call.query.get('check_name');
  const status = call.query.get('status');
  const slug = state.apps.find((one) => one.id === Number(appId))?.slug;
  const wanted = (call.query.get('filter') === 'all' ? runs : latestRuns(runs)).filter(
    (run) =>
      (name === null || run.name === name) &&
      (status === null || run.status === status) &&
      (appId === null || state.suites.find((one) => one.id === run.suiteId)?.appSlug === slug),
  );
  return page(
    call,
    [...wanted].reverse(),
    (run) => renderRun(call.world, call.repository, run),
    (check_runs, total_count) => ({ total_count, check_runs }),
  );
}

export const checkRoutes: readonly Route[] = [
  onRepository('POST /repos/{owner}/{repo}/check-runs', WRITE, async (call) => {
    const body = call.body as RunBody;
    const headSha = await shaOf(call, body.head_sha ?? '');
    const where = { repository: call.repository, appSlug: appOf(call) };
    const branch = call.world.state.pullRequests(call.repository.id).find((one) => one.pull.headSha === headSha)
      ?.pull.headRef;
    const input = { ...changeOf(body), name: body.name ?? '', headSha, headBranch: branch ?? null };
    return ok(renderRun(call.world, call.repository, await createRun(call.world, where, input)), 201);
  }),
  onRepository('GET /repos/{owner}/{repo}/check-runs/{check_run_id}', READ, (call) =>
    ok(renderRun(call.world, call.repository, runOf(call))),
  ),
  onRepository('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', WRITE, async (call) => {
    const run = runOf(call);
    const where = { repository: call.repository, appSlug: appOf(call, run) };
    await changeRun(call.world, where, run, changeOf(call.body as RunBody));
    return ok(renderRun(call.world, call.repository, run));
  }),
  onRepository('GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations', READ, (call) => {
    const run = runOf(call);
    const html = `${call.world.urls.web}/${fullNameOf(call.repository)}/blob/${run.headSha}`;
    return page(call, run.annotations, (one) => ({
      start_column: null,
      end_column: null,
      title: null,
      raw_details: null,
      ...one,
      blob_href: `${html}/${one.path}`,
    }));
  }),
  onRepository('POST /repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest', WRITE, (call) => {
    const run = runOf(call);
    // An App asks for its own again; those of Actions have a request of their own.
    if (call.caller.kind === 'installation') appOf(call, run);
    tellRun(call.world, 'rerequested', run, { repository: call.repository, login: 'ghost' });
    call.world.rerequested(call.repository, { suiteId: run.suiteId, name: run.name });
    return ok({}, 201);
  }),
  onRepository('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', READ, async (call) => {
    const sha = await shaOf(call, call.params.ref ?? '');
    const runs = call.world.state.checkRuns.filter(
      (one) => one.repositoryId === call.repository.id && one.headSha === sha,
    );
    return listRuns(call, call.world.listed(runs));
  }),
  onRepository('GET /repos/{owner}/{repo}/commits/{ref}/check-suites', READ, async (call) => {
    const sha = await shaOf(call, call.params.ref ?? '');
    const suites = call.world.state.suites.filter(
      (one) => one.repositoryId === call.repository.id && one.headSha === sha,
    );
    return page(
      call,
      call.world.listed(suites),
      (suite) => renderListedSuite(call.world, call.repository, suite),
      (check_suites, total_count) => ({ total_count, check_suites }),
    );
  }),
  onRepository('GET /repos/{owner}/{repo}/check-suites/{check_suite_id}', READ, async (call) =>
    ok(await renderListedSuite(call.world, call.repository, suiteOf(call))),
  ),
  onRepository('GET /repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs', READ, (call) =>
    listRuns(call, call.world.state.runsOfSuite(suiteOf(call).id)),
  ),
  onRepository('POST /repos/{owner}/{repo}/check-suites/{check_suite_id}/rerequest', WRITE, async (call) => {
    const suite = suiteOf(call);
    await tellSuite(call.world, 'rerequested', suite, { repository: call.repository, login: 'ghost' });
    call.world.rerequested(call.repository, { suiteId: suite.id });
    return ok({}, 201);
  }),
];

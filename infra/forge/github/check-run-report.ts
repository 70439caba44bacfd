import type { Octokit, RestEndpointMethodTypes } from '@octokit/rest';
import { type GateAnnotation, type GateReport, isOpenGate } from '../gate-reports.js';
import type { RepositoryName } from './settings.js';

type Run = RestEndpointMethodTypes['checks']['listForRef']['response']['data']['check_runs'][number];

/** GitHub's own limits; of annotations in one request. */
const MOST_CHARACTERS = 65_535;
const MOST_ANNOTATIONS = 50;

/**
 * One check run for each attempt of a gate on a commit, edited in place; of one name GitHub shows the newest. Every request adds its annotations to those of the run, so
 * that many are sent in several, and what an earlier attempt has sent is read first.
 */
export async function showCheckRun(
  client: Octokit,
  name: RepositoryName,
  report: GateReport,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { name: check, headSha, externalId } = report;
  const request = { signal };
  const known = await findRun(client, name, report, signal);
  const annotations = await missing(client, name, { report, known, signal });
  const said = { ...name, ...standingOf(report), request };
  const [first = [], ...rest] = inParts(annotations);
  const id =
    known === undefined
      ? (
          await client.rest.checks.create({
            ...said,
            name: check,
            head_sha: headSha,
            external_id: externalId,
            output: outputOf(report, first),
          })
        ).data.id
      : known.id;
  if (known !== undefined)
    await client.rest.checks.update({ ...said, check_run_id: id, output: outputOf(report, first) });
  for (const part of rest)
    await client.rest.checks.update({ ...said, check_run_id: id, output: outputOf(report, part) });
  return String(id);
}

async function findRun(
  client: Octokit,
  name: RepositoryName,
  { name: check, headSha, externalId, shownAs, isAgain }: GateReport,
  signal: AbortSignal | undefined,
): Promise<Run | undefined> {
  const request = { signal };
  if (shownAs !== null && !isAgain)
    return (await client.rest.checks.get({ ...name, check_run_id: Number(shownAs), request })).data;
  const at = { ...name, ref: headSha, check_name: check, filter: 'all', per_page: 100, request } as const;
  const listed = await client.paginate(client.rest.checks.listForRef, at);
  const ours = listed.filter(
    (run) => run.external_id === externalId && run.name === check && run.id > Number(shownAs ?? 0),
  );
  return ours.sort((a, b) => b.id - a.id)[0];
}

const standingOf = ({ standing }: GateReport) =>
  standing === 'queued' || standing === 'in_progress'
    ? ({ status: standing } as const)
    : ({ status: 'completed', conclusion: standing } as const);

const outputOf = ({ title, summary, text }: GateReport, annotations: readonly GateAnnotation[]) => ({
  title,
  summary: capped(summary),
  text: capped(text),
  annotations: annotations.map(({ path, line, level, ...said }) => ({
    path,
    start_line: line,
    end_line: line,
    annotation_level: level,
    ...said,
  })),
});

const capped = (text: string): string => text.slice(0, MOST_CHARACTERS).toWellFormed();

function inParts(annotations: readonly GateAnnotation[]): readonly (readonly GateAnnotation[])[] {
  const count = Math.ceil(annotations.length / MOST_ANNOTATIONS);
  return Array.from({ length: count }, (_, at) =>
    annotations.slice(at * MOST_ANNOTATIONS, (at + 1) * MOST_ANNOTATIONS),
  );
}

/** Those of the report that the run does not have yet. */
async function missing(
  client: Octokit,
  name: RepositoryName,
  {
    report,
    known,
    signal,
  }: { readonly report: GateReport; readonly known: Run | undefined; readonly signal: AbortSignal | undefined },
): Promise<readonly GateAnnotation[]> {
  if (isOpenGate(report.standing)) return [];
  if (report.annotations.length === 0 || known === undefined || known.output.annotations_count === 0)
    return report.annotations;
  const at = { ...name, check_run_id: known.id, per_page: 100, request: { signal } };
  const there = await client.paginate(client.rest.checks.listAnnotations, at);
  const keys = new Set(there.map((one) => JSON.stringify([one.path, one.start_line, one.message])));
  return report.annotations.filter(({ path, line, message }) => !keys.has(JSON.stringify([path, line, message])));
}

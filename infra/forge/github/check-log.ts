import type { Octokit } from '@octokit/rest';
import { Failure } from '../../../domain/failures.js';
import { errorMessage } from '../../errors.js';
import type { ContextRun } from '../checks.js';
import type { RepositoryName } from './settings.js';

const KEEP_CHARACTERS = 256 * 1024;
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_ANNOTATIONS = 50;
const ANSWER_MS = 60_000;
/** Before each line of a job's log. */
const TIME = /^\uFEFF?\d{4}-\d\d-\d\dT[\d:.]+Z ?/gm;

/** Two, because an owner may grant the one and not the other. */
export interface LogClients {
  readonly checks: Octokit;
  readonly actions: Octokit;
}

/** What a run says about itself: its output, its annotations, and the log of a job, whose end counts most. */
export async function readRunLog(
  { checks, actions }: LogClients,
  name: RepositoryName,
  run: ContextRun,
  signal?: AbortSignal,
): Promise<string> {
  const [annotations, log] = await Promise.all([
    run.annotations === 0 ? '' : orNothing(readAnnotations(checks, name, run, signal)),
    run.isJob ? orNothing(readJobLog(actions, name, run.id, signal)) : '',
  ]);
  const parts = [run.title, run.summary, run.text, annotations, log, run.url === null ? '' : `See ${run.url}`];
  return parts
    .map((part) => part?.trim() ?? '')
    .filter((part) => part !== '')
    .join('\n\n')
    .slice(-KEEP_CHARACTERS);
}

/** The verdict is known; what explains it may be gone, or not ours to read. */
async function orNothing(text: Promise<string>): Promise<string> {
  try {
    return await text;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return `(not readable: ${error.message})`;
  }
}

async function readAnnotations(
  client: Octokit,
  name: RepositoryName,
  run: ContextRun,
  signal?: AbortSignal,
): Promise<string> {
  const { data } = await client.rest.checks.listAnnotations({
    ...name,
    check_run_id: run.id,
    per_page: MOST_ANNOTATIONS,
    request: { signal },
  });
  return data
    .map(({ path, start_line, annotation_level, title, message }) =>
      [`${path}:${start_line}: ${annotation_level}:`, title, message].filter(Boolean).join(' '),
    )
    .join('\n');
}

/** GitHub answers with an address elsewhere that is good for a minute: nothing of ours is sent there. */
async function readJobLog(client: Octokit, name: RepositoryName, jobId: number, signal?: AbortSignal): Promise<string> {
  const { headers, url } = await client.request('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', {
    ...name,
    job_id: jobId,
    request: { redirect: 'manual', signal },
  });
  const { location } = headers;
  if (location === undefined) throw new Failure('NotFound', 'the forge has no log of this job');
  const place = new URL(location, url);
  // Plain text only from a server on this machine, which answered without encryption itself.
  if (place.protocol !== 'https:' && new URL(url).protocol !== 'http:')
    throw new Failure('PermissionDenied', 'the log lies at an address without encryption');
  return (await download(place, signal)).replace(TIME, '');
}

async function download(place: URL, signal?: AbortSignal): Promise<string> {
  const deadline = AbortSignal.timeout(ANSWER_MS);
  try {
    const answer = await fetch(place, {
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    });
    if (!answer.ok) throw new Failure('NotFound', `the log’s place answered ${answer.status}`);
    return await tailOf(answer.body);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error instanceof Failure ? error : new Failure('Unavailable', `no log: ${errorMessage(error)}`);
  }
}

async function tailOf(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const decoder = new TextDecoder();
  let tail = '';
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-KEEP_CHARACTERS);
    if (bytes > MOST_BYTES) return `${tail}\n(longer than what is read of a log)`;
  }
  return tail;
}

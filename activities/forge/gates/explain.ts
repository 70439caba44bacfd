import { Failure } from '../../../domain/failures.js';
import { plainLine, showHidden } from '../../../domain/prompt-hidden.js';
import { redactSecrets } from '../../../domain/redaction.js';
import type { BlobStore } from '../../../infra/artifacts.js';
import type { GateAnnotation, GateReport } from '../../../infra/forge/gate-reports.js';
import { requireCommits } from '../../../infra/git/mirrors.js';
import { changedPaths, listTree } from '../../../infra/git/objects.js';
import type { Repository } from '../../../infra/git/repository.js';
import { plainText } from '../../checks/log-text.js';
import { namedPlaces, placeInTree } from '../../checks/named-places.js';
import type { Watched } from '../watch/ports.js';
import type { GateDraft, GateLog } from './texts.js';

const SHOWN_CHARACTERS = 6_000;
const MOST_LOGS = 8;
const MOST_ANNOTATIONS = 100;

interface ReadLog extends GateLog {
  readonly log: string;
}

/** The report with what the logs say: the end of each, and what they say about lines of files. */
export async function explained(
  watched: Watched & { readonly logs: Pick<BlobStore, 'get'> },
  { logs: named, ...report }: GateDraft,
): Promise<Omit<GateReport, 'shownAs' | 'isAgain'> & Pick<GateDraft, 'attempt'>> {
  const logs = await Promise.all(named.slice(0, MOST_LOGS).map((one) => readLog(watched.logs, one)));
  const text = logs.map(({ check, log }) => `### ${plainLine(check, 100)}\n\n${fenced(log)}`).join('\n\n');
  return { ...report, text, annotations: logs.length === 0 ? [] : await annotationsOf(watched, report.headSha, logs) };
}

async function readLog(store: Pick<BlobStore, 'get'>, log: GateLog): Promise<ReadLog> {
  try {
    return { ...log, log: redactSecrets(plainText(await store.get(log.logRef))).trimEnd() };
  } catch (error) {
    if (!(error instanceof Failure) || error.type !== 'NotFound') throw error;
    // Past its retention: the verdict says what it says without it.
    return { ...log, log: '' };
  }
}

/** Nothing inside a block of code links, mentions or is drawn; nothing in the log can end it. */
function fenced(log: string): string {
  const cut = log.length > SHOWN_CHARACTERS ? `…\n${log.slice(-SHOWN_CHARACTERS)}` : log;
  const longest = Math.max(2, ...(cut.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${showHidden(cut)}\n${fence}`;
}

/** Of files that the head has as the check saw them: elsewhere the number of a line may mean another one. */
async function annotationsOf(
  { deps, projectId, signal }: Watched,
  headSha: string,
  logs: readonly ReadLog[],
): Promise<readonly GateAnnotation[]> {
  const said = logs.map((log) => ({ ...log, places: namedPlaces(log.log) })).filter(({ places }) => places.length > 0);
  if (said.length === 0) return [];
  const mirror = await deps.mirrors.ensure(projectId, signal);
  await requireCommits(mirror, await deps.forge.remote(projectId), [headSha], signal);
  const paths = (await listTree(mirror, headSha, signal)).filter(({ mode }) => mode.startsWith('100'));
  const find = placeInTree(new Set(paths.map(({ path }) => path)));
  const annotations: GateAnnotation[] = [];
  for (const { check, tree, places } of said) {
    const others = await otherFiles(mirror, { headSha, tree }, signal);
    for (const { path: written, line, level, message } of places) {
      const path = find(written);
      if (path === undefined || others.has(path) || annotations.length === MOST_ANNOTATIONS) continue;
      annotations.push({ path, line, level, title: plainLine(check, 100), message: plainLine(message, 500) });
    }
  }
  return annotations;
}

async function otherFiles(
  mirror: Repository,
  { headSha, tree }: { readonly headSha: string; readonly tree: string | null },
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (tree === null) return new Set();
  try {
    return new Set(await changedPaths(mirror, headSha, tree, signal));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // Composed by another host, whose mirror holds the tree.
    return new Set();
  }
}

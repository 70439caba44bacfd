import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, Resource } from '../api-client.js';
import { CliError } from '../errors.js';

/** What a project tells of the team whose issues it takes. By the API's schema. */
interface LinearLink {
  readonly team: string;
  readonly isFound: boolean;
  readonly problem: string | null;
}

const linkOf = ({ linear }: Resource): LinearLink | undefined => (linear as LinearLink | null | undefined) ?? undefined;

/** Lines of a project; none for one that takes no issues of Linear. */
export function linearLines(project: Resource): readonly (readonly [string, unknown])[] {
  const link = linkOf(project);
  if (link === undefined) return [];
  const { team, isFound, problem } = link;
  return [
    ['issues from', `Linear, team ${team}${isFound || problem ? '' : ' (not looked for yet)'}`],
    ['LINEAR', problem],
  ];
}

/** A worker looks for the team at once; a busy one takes a moment. */
const PATIENCE_MS = 20_000;
const EVERY_MS = 300;

/**
 * Answers the project once a worker has looked for its team, or as it is when none does for a while.
 * @param patienceMs for how long it is waited. Default 20 s.
 */
export async function untilTeamFound(
  client: ApiClient,
  project: Resource,
  say: (text: string) => unknown,
  patienceMs: number = PATIENCE_MS,
): Promise<Resource> {
  let now = project;
  const isOpen = (): boolean => {
    const link = linkOf(now);
    return link !== undefined && !link.isFound && link.problem === null;
  };
  if (!isOpen()) return now;
  say('Looking for the team at Linear …');
  for (let waitedMs = 0; isOpen() && waitedMs < patienceMs; waitedMs += EVERY_MS) {
    await sleep(EVERY_MS);
    now = await client.get(`/projects/${project.id}`);
  }
  return now;
}

/** @throws CliError when Linear cannot be read for the project */
export function requireTeam(project: Resource): void {
  const problem = linkOf(project)?.problem;
  if (problem) throw new CliError(`${problem.replace(/\.?$/, '.')} See millwright doctor.`);
}

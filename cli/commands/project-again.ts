import type { ApiClient, Resource } from '../api-client.js';
import { CliError, EXIT } from '../errors.js';
import { patchProject, syncProject } from './project-settle.js';
import { hasProposals } from './project-view.js';

/** What `project add` is told, as the API takes it. */
export interface Said {
  readonly source: string;
  readonly name?: string;
  readonly forge?: string;
  readonly baseBranch?: string;
  readonly linearTeam?: string;
  readonly overrides?: Resource;
}

/**
 * Adding a source again is how people answer a refusal: the project that was refused is taken up with what is said now,
 * and looked at anew. Undefined: none was refused.
 * @throws CliError for what a project keeps from when it was added first
 */
export async function takeUpRefused(
  client: ApiClient,
  said: Said,
  isAccepting: boolean,
): Promise<Resource | undefined> {
  const refused = await client.list('/projects', { state: 'refused' }, 10_000);
  const again = refused.filter(({ source }) => source === said.source);
  const found = again.find(({ forge }) => forge === said.forge) ?? again[0];
  if (found === undefined) return undefined;
  const base = found.forgeBaseBranch ?? found.baseBranch;
  requireKept(found, 'name', found.name, said.name);
  requireKept(found, 'forge', found.forge, said.forge);
  // At a forge that others use too the base may have another name now; a local one is a branch of our own.
  if (found.forge === 'local') requireKept(found, 'base', base, said.baseBranch);
  const { overrides, linearTeam } = said;
  const baseBranch = said.baseBranch === base ? undefined : said.baseBranch;
  const change = {
    ...(overrides ? { overrides } : {}),
    ...(linearTeam ? { linearTeam } : {}),
    ...(baseBranch ? { baseBranch } : {}),
  };
  if (Object.keys(change).length > 0) await patchProject(client, found.id, change);
  const isLookedAt = overrides !== undefined || baseBranch !== undefined || (isAccepting && hasProposals(found));
  if (!isLookedAt) await syncProject(client, found.id);
  return found;
}

/** What is said now and cannot be had is refused: it is never passed over. */
function requireKept({ name }: Resource, option: string, kept: unknown, said: string | undefined): void {
  if (said === undefined || said === kept) return;
  const from = kept === null ? '' : ` from ${kept}`;
  const detail =
    `This source was refused before as the project ${name}, whose ${option} cannot be changed${from}: leave --${option} ` +
    `out, or remove the project first with millwright project remove ${name}`;
  throw new CliError(detail, EXIT.failed, { code: 'InvalidState', detail, field: option });
}

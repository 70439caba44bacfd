import type { ApiClient, Resource } from './api-client.js';
import { CliError, EXIT } from './errors.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** By id, or by unique name. */
export async function findProject(api: ApiClient, name: string): Promise<Resource> {
  if (UUID.test(name)) return api.get(`/projects/${name}`);
  const found = (await api.list('/projects', {}, 10_000)).find((project) => project.name === name);
  if (!found) throw new CliError(`There is no project named ${name}.`, EXIT.failed);
  return found;
}

/** By id, or by the last digits of one, as people copy them from a branch or a table. */
export async function findId(api: ApiClient, list: string, text: string): Promise<string> {
  if (isWholeId(text)) return text;
  return theOne(await idsEnding(api, list, text), text, `Nothing in ${list.slice(1)}`);
}

export const isWholeId = (text: string): boolean => UUID.test(text);

/** Ids in a list that end with the text. @throws CliError for what cannot be the end of one */
export async function idsEnding(api: ApiClient, list: string, text: string): Promise<readonly string[]> {
  if (!/^[0-9a-f-]{4,}$/.test(text)) throw new CliError(`${text} is neither an id nor the end of one.`, EXIT.usage);
  return (await api.list(list, {}, 10_000)).map(({ id }) => String(id)).filter((id) => id.endsWith(text));
}

export function theOne(ids: readonly string[], text: string, none: string): string {
  const [id] = ids;
  if (id === undefined) throw new CliError(`${none} ends with ${text}.`);
  if (ids.length > 1) throw new CliError(`${text} fits more than one.`);
  return id;
}

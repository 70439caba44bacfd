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
  if (UUID.test(text)) return text;
  if (!/^[0-9a-f-]{4,}$/.test(text)) throw new CliError(`${text} is neither an id nor the end of one.`, EXIT.usage);
  const found = (await api.list(list, {}, 10_000)).filter(({ id }) => String(id).endsWith(text));
  if (found.length === 1) return String(found[0]?.id);
  throw new CliError(
    found.length === 0 ? `Nothing in ${list.slice(1)} ends with ${text}.` : `${text} fits more than one.`,
    EXIT.failed,
  );
}

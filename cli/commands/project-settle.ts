import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, Resource } from '../api-client.js';
import { CliError } from '../errors.js';

/** Answers the project as it is then; a change that the inspection reads has it imported anew. */
export const patchProject = (client: ApiClient, id: unknown, body: Resource): Promise<Resource> =>
  client.send(`/projects/${id}`, { method: 'PATCH', body });

/** Imports it again, with what its source has gained. */
export const syncProject = (client: ApiClient, id: unknown): Promise<Resource> => client.post(`/projects/${id}/sync`);

/** Until an import that is under way has ended, one way or another. */
export async function untilSettled(client: ApiClient, id: string, say: (text: string) => unknown): Promise<Resource> {
  say('Importing and running the required checks on the tip …');
  let said = '';
  for (;;) {
    const project = await client.get(`/projects/${id}`);
    if (project.state !== 'importing') return project;
    const word = whyNotYet(project);
    if (word !== said && word !== '') say(word);
    said = word;
    await sleep(300);
  }
}

const whyNotYet = ({ reason, waitingFor, name }: Resource): string => {
  if (reason) return `${reason}\nIt is tried again until it works, also without you: millwright project show ${name}`;
  const waits = ((waitingFor ?? []) as readonly string[]).join('; '); // by the API's schema
  return waits === '' ? '' : `Waiting for ${waits} …`;
};

/** @throws CliError that says why the project takes no work */
export function requireReady({ state, reason }: Resource): void {
  if (state !== 'ready') throw new CliError(String(reason ?? 'The project is not ready.'));
}

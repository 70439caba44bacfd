import type { ApiClient, Resource } from '../api-client.js';
import { CliError } from '../errors.js';
import { type Output, printJson } from '../output.js';
import { followEvents } from './event-stream.js';
import { eventText } from './event-text.js';
import { createProgress, type ProgressView } from './progress.js';

const ENDED = ['COMPLETED', 'CANCELLED'];

export interface WatchHooks {
  readonly progress: ProgressView;
  /** Called with the epic and its tasks after each event; true ends the watch. */
  readonly onChange?: (epic: Resource, tasks: readonly Resource[]) => Promise<boolean> | boolean;
  readonly signal?: AbortSignal;
}

/** Follows an epic until it has ended or `onChange` has seen enough. Survives restarts of the API. */
export async function followEpic(api: ApiClient, epicId: string, hooks: WatchHooks): Promise<Resource> {
  const over = new AbortController();
  const signal = hooks.signal ? AbortSignal.any([hooks.signal, over.signal]) : over.signal;
  let tasks: readonly Resource[] = [];
  const titleOf = (taskId: string): string =>
    String(tasks.find(({ id }) => id === taskId)?.title ?? `task ${taskId.slice(-6)}`);
  let epic = await api.get(`/epics/${epicId}`);
  for await (const event of followEvents(api, { epicId }, signal)) {
    if (event.taskId && !tasks.some(({ id }) => id === event.taskId)) tasks = await readTasks(api, epicId, tasks);
    const text = eventText(event, titleOf);
    if (text) hooks.progress.note(text);
    if (!/\.(state|phase|pr|entry|paused|blocked)/.test(event.type) && event.type !== 'mail.sent') continue;
    [epic, tasks] = await Promise.all([readEpic(api, epicId, epic), readTasks(api, epicId, tasks)]);
    hooks.progress.show(titleLine(epic), tasks);
    if (ENDED.includes(String(epic.state)) || (await hooks.onChange?.(epic, tasks))) break;
  }
  over.abort();
  return epic;
}

/** The API may be away for a moment: what was read last is shown until the next event. */
const readEpic = (api: ApiClient, id: string, last: Resource): Promise<Resource> =>
  api.get(`/epics/${id}`).catch(() => last);
const readTasks = (api: ApiClient, id: string, last: readonly Resource[]): Promise<readonly Resource[]> =>
  api.list(`/epics/${id}/tasks`).catch(() => last);

const titleLine = (epic: Resource): string =>
  `${epic.title} · ${epic.state}${epic.phase ? ` · ${epic.phase}` : ''}${epic.waitingFor ? ` · waits for ${epic.waitingFor}` : ''}`;

/** `epic watch`: follows to the end; a cancelled epic is a failure of the command. */
export async function watchEpic(api: ApiClient, out: Output, epicId: string): Promise<void> {
  const progress = createProgress(out.screen);
  const epic = await followEpic(api, epicId, { progress });
  progress.done();
  if (out.json) printJson(out, epic);
  if (epic.state !== 'COMPLETED') throw new CliError(`The epic ended ${epic.state}.`);
}

import type { ApiClient, Resource } from '../api-client.js';
import { CliError } from '../errors.js';
import { type Output, printJson } from '../output.js';
import { followEvents, type StreamEvent } from './event-stream.js';
import { eventText } from './event-text.js';
import { createProgress, type ProgressView } from './progress.js';

const ENDED = ['COMPLETED', 'CANCELLED'];
const isEnded = ({ state }: Resource): boolean => ENDED.includes(String(state));
/** The row alone would end a replay before its last lines. */
const ends = ({ type, data }: StreamEvent): boolean => type === 'epic.state' && ENDED.includes(String(data.to));

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
  if (isEnded(epic)) return retell(api, epic, hooks.progress);
  for await (const event of followEvents(api, { epicId }, signal)) {
    if (event.taskId && !tasks.some(({ id }) => id === event.taskId)) tasks = await readTasks(api, epicId, tasks);
    const text = eventText(event, titleOf);
    if (text) hooks.progress.note(text, Date.parse(event.at));
    if (!/\.(state|phase|pr|entry|paused|blocked)/.test(event.type) && event.type !== 'mail.sent') continue;
    [epic, tasks] = await Promise.all([readEpic(api, epicId, epic), readTasks(api, epicId, tasks)]);
    hooks.progress.show(titleLine(epic), tasks);
    if (ends(event) || (await hooks.onChange?.(epic, tasks))) break;
  }
  over.abort();
  return epic;
}

/** What is left of the log of an ended epic: after the retention no event would ever come. */
async function retell(api: ApiClient, epic: Resource, progress: ProgressView): Promise<Resource> {
  const items = await api.list<TimelineItem>(`/epics/${epic.id}/timeline`, {}, 100_000);
  const lines = items.flatMap((item) => {
    const event = { ...item, id: '', epicId: String(epic.id) };
    const text = eventText(event, (taskId) => item.taskTitle ?? `task ${taskId.slice(-6)}`);
    return text ? [{ text, atMs: Date.parse(item.at) }] : [];
  });
  if (lines.length === 0) lines.push({ text: titleLine(epic), atMs: Date.parse(String(epic.updatedAt)) });
  for (const { text, atMs } of lines) progress.note(text, atMs);
  progress.show(titleLine(epic), await readTasks(api, String(epic.id), []));
  return epic;
}

interface TimelineItem extends Omit<StreamEvent, 'id' | 'epicId'> {
  readonly taskTitle: string | null;
}

/** The API may be away for a moment: what was read last is shown until the next event. */
const readEpic = (api: ApiClient, id: string, last: Resource): Promise<Resource> =>
  api.get(`/epics/${id}`).catch(() => last);
const readTasks = (api: ApiClient, id: string, last: readonly Resource[]): Promise<readonly Resource[]> =>
  api.list(`/epics/${id}/tasks`).catch(() => last);

const titleLine = (epic: Resource): string =>
  `${epic.title} · ${epic.state}${epic.phase && !isEnded(epic) ? ` · ${epic.phase}` : ''}${epic.waitingFor ? ` · waits for ${epic.waitingFor}` : ''}`;

/** `epic watch`: follows to the end; a cancelled epic is a failure of the command. */
export async function watchEpic(api: ApiClient, out: Output, epicId: string): Promise<void> {
  const { createdAt } = await api.get(`/epics/${epicId}`);
  const progress = createProgress(out.screen, undefined, Date.parse(String(createdAt)));
  const epic = await followEpic(api, epicId, { progress });
  progress.done();
  if (out.json) printJson(out, epic);
  if (epic.state !== 'COMPLETED') throw new CliError(`The epic ended ${epic.state}.`);
}

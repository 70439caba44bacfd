import type { ApiClient, Resource } from '../api-client.js';
import { CliError } from '../errors.js';
import { type Output, printJson } from '../output.js';
import { followEvents } from './event-stream.js';
import { eventText } from './event-text.js';
import { createProgress } from './progress.js';

const ENDED = ['COMPLETED', 'CANCELLED', 'FAILED', 'SKIPPED'];

/** Follows one task until it ends; anything but COMPLETED is a failure of the command. */
export async function watchTask(api: ApiClient, out: Output, taskId: string): Promise<void> {
  const over = new AbortController();
  let task: Resource = await api.get(`/tasks/${taskId}`);
  const progress = createProgress(out.screen, undefined, Date.parse(String(task.createdAt)));
  for await (const event of followEvents(api, { taskId }, over.signal)) {
    const text = eventText(event, () => String(task.title));
    if (text) progress.note(text, Date.parse(event.at));
    if (event.type !== 'task.state') continue;
    task = await api.get(`/tasks/${taskId}`).catch(() => task); // away for a moment: the next event tells
    progress.show(String(task.title), [task]);
    if (ENDED.includes(String(event.data.to))) break;
  }
  over.abort();
  progress.done();
  if (out.json) printJson(out, task);
  if (task.state !== 'COMPLETED')
    throw new CliError(`The task ended ${task.state}${task.failureReason ? `: ${task.failureReason}` : '.'}`);
}

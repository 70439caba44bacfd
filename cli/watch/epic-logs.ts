import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, Resource } from '../api-client.js';
import { type Output, printJson } from '../output.js';
import { followEvents } from './event-stream.js';

const ENDED = ['COMPLETED', 'CANCELLED'];
/** Events come in bursts, a whole history of them at first: what they changed is looked up so often. */
const GATHER_MS = 1_000;

interface Entry {
  readonly task: string;
  readonly item: Resource;
}

/** What every check and agent run of an epic printed, oldest first; with `isFollowed` until the epic ends. */
export async function showEpicLogs(api: ApiClient, out: Output, epicId: string, isFollowed: boolean): Promise<void> {
  const shown = new Set<string>();
  const fresh = async (taskIds?: ReadonlySet<string>): Promise<readonly Entry[]> => {
    const tasks = (await api.list(`/epics/${epicId}/tasks`, {}, 10_000)).filter(
      ({ id }) => taskIds?.has(String(id)) ?? true,
    );
    const entries = await Promise.all(tasks.map((task) => entriesOf(api, task)));
    return entries
      .flat()
      .filter((entry) => !shown.has(keyOf(entry)) && shown.add(keyOf(entry)))
      .sort((a, b) => String(a.item.at).localeCompare(String(b.item.at)));
  };
  const first = await fresh();
  if (!isFollowed) {
    if (out.json) printJson(out, first.map(toJson));
    else if (first.length === 0) out.line('No check and no run yet.');
    else print(out, first);
    return;
  }
  print(out, first);
  await follow(api, epicId, async (changed) => print(out, await fresh(changed)));
}

/** Survives restarts of the API: what could not be read is read with the next change, or at the end. */
async function follow(
  api: ApiClient,
  epicId: string,
  onChange: (taskIds: ReadonlySet<string> | undefined) => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  let changed = new Set<string>();
  let hasEpicEvent = true;
  const gather = (async () => {
    for await (const { taskId } of followEvents(api, { epicId }, over.signal)) {
      if (taskId === null) hasEpicEvent = true;
      else changed.add(taskId);
    }
  })();
  try {
    for (;;) {
      const now = changed;
      changed = new Set();
      if (now.size > 0) await onChange(now);
      if (hasEpicEvent) {
        hasEpicEvent = false;
        if (ENDED.includes(String((await api.get(`/epics/${epicId}`)).state))) break;
      }
      await sleep(GATHER_MS);
    }
    await onChange(undefined);
  } finally {
    over.abort();
    await gather;
  }
}

async function entriesOf(api: ApiClient, task: Resource): Promise<readonly Entry[]> {
  const { items } = await api.get<{ readonly items: readonly Resource[] }>(`/tasks/${task.id}/logs`);
  return items.map((item) => ({ task: String(task.title), item }));
}

/** A run that goes on is shown once more when it has ended. */
const keyOf = ({ task, item }: Entry): string =>
  [task, item.kind, item.title, item.at, item.outcome, item.runId].join('\n');

const toJson = ({ task, item }: Entry): Resource => ({ task, ...item });

/** Under --json one line for each, because there is no end to wait for. */
function print(out: Output, entries: readonly Entry[]): void {
  for (const entry of entries) {
    const { task, item } = entry;
    if (out.json) {
      out.line(JSON.stringify(toJson(entry)));
      continue;
    }
    out.line(`── ${[String(item.at).slice(11, 19), task, item.title, item.outcome].filter(Boolean).join(' · ')}`);
    const text = String(item.text ?? '').trimEnd();
    if (text !== '') out.line(text.replace(/^/gm, '   '));
  }
}

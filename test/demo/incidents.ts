import { existsSync, readFileSync } from 'node:fs';
import type { ApiClient, Resource } from '../../cli/api-client.js';
import { table } from '../../cli/output.js';

interface Interval {
  readonly from: number;
  readonly to: number;
}

/**
 * The incidents that the scenario holds on purpose, and what was seen to become of them: everything here is read from
 * the API and from the model server's own record.
 */
export async function incidentTable(api: ApiClient, epicId: string, recordFile: string): Promise<string> {
  const [events, mail] = await Promise.all([
    api.list(`/epics/${epicId}/timeline`, {}, 2000),
    api.list('/mail', { epicId }, 500),
  ]);
  const data = (event: Resource): Resource => (event.data ?? {}) as Resource; // an object by the API's schema
  const red = events.filter((event) => event.type === 'task.checks' && data(event).outcome === 'red');
  const fixed = red.filter(({ taskId }) =>
    events.some((event) => event.taskId === taskId && event.type === 'task.state' && data(event).to === 'COMPLETED'),
  );
  const questions = mail.filter(({ kind }) => kind === 'question');
  const rebases = mail.filter(({ kind }) => kind === 'rebase_request');
  const overloaded = readIncidents(recordFile).length;
  const rows: readonly Resource[] = [
    { what: 'tasks at once', seen: `${mostAtOnce(events)} in progress at the same time` },
    {
      what: 'the provider is overloaded (529)',
      seen: `${overloaded} call${overloaded === 1 ? '' : 's'} refused, bought again by the retry policy`,
    },
    {
      what: 'a worker asks its supervisor',
      seen: `${questions.length} question, ${questions.filter(({ answeredAt }) => answeredAt).length} answered by mail; the worker waited without a process`,
    },
    {
      what: 'a first attempt fails the checks',
      seen: `${red.length} red verdict, ${fixed.length} fixed in the next round`,
    },
    { what: 'two tasks edit the same lines', seen: `${rebases.length} rebase request by mail, resolved and landed` },
  ];
  return table(
    [
      { title: 'incident', of: (row) => row.what },
      { title: 'what happened', of: (row) => row.seen, max: 90 },
    ],
    rows,
  );
}

function readIncidents(recordFile: string): readonly unknown[] {
  if (!existsSync(recordFile)) return [];
  return readFileSync(recordFile, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { readonly kind: string })
    .filter(({ kind }) => kind === 'incident');
}

function mostAtOnce(events: readonly Resource[]): number {
  const open = new Map<unknown, number>();
  const intervals: Interval[] = [];
  for (const { type, taskId, at, data } of events) {
    const to = (data as { readonly to?: string } | undefined)?.to;
    if (type !== 'task.state') continue;
    const now = Date.parse(String(at));
    if (to === 'IN_PROGRESS') open.set(taskId, now);
    else if (open.has(taskId)) {
      intervals.push({ from: open.get(taskId) ?? now, to: now });
      open.delete(taskId);
    }
  }
  return Math.max(
    0,
    ...intervals.map(({ from }) => intervals.filter((one) => one.from <= from && from < one.to).length),
  );
}

import type { ApiClient, Resource } from '../../cli/api-client.js';
import { cell, table } from '../../cli/output.js';
import { incidentTable } from './incidents.js';

type Say = (text: string) => void;

export const heading = (text: string): string => `\n── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`;

/** What the epic did, from the API: timeline, decisions, tokens and cost, links; `isShort` leaves incidents and graph. */
export async function printReport(
  api: ApiClient,
  epicId: string,
  facts: {
    readonly graph: string;
    readonly temporalUi: string;
    readonly recordFile: string | undefined;
    readonly isShort: boolean;
  },
  say: Say,
): Promise<void> {
  const tasks = await api.list(`/epics/${epicId}/tasks`);
  const titleOf = (id: unknown): string => String(tasks.find((task) => task.id === id)?.title ?? 'epic');

  if (!facts.isShort) say(heading('timeline'));
  for (const item of facts.isShort ? [] : await api.list(`/epics/${epicId}/timeline`, {}, 1000)) {
    const text = timelineText(item, titleOf);
    if (text) say(`${String(item.at).slice(11, 23)}  ${text}`);
  }

  if (facts.recordFile !== undefined) {
    say(heading('incidents on purpose'));
    say(await incidentTable(api, epicId, facts.recordFile));
  }

  say(heading('git log --graph'));
  say(facts.graph);
  if (facts.isShort) return;

  say(heading('decisions of agents and people'));
  const decisions = await api.list('/decisions', { epicId }, 1000);
  for (const { title, decision, by, kind } of decisions.toReversed()) {
    // Of the log's many lines those that somebody chose; transitions are in the timeline, tool calls in `decisions`.
    const isChoice = kind === 'human' || (kind === 'decision' && by !== 'system');
    if (isChoice) say(`${cell(by, 22).padEnd(22)}  ${cell(title)}: ${cell(decision, 70)}`);
  }

  say(heading('tokens and cost'));
  say(costTable(await api.get(`/epics/${epicId}/cost`), titleOf));

  say(heading('look closer'));
  say(`API docs           ${api.baseUrl}/api/docs`);
  say(`Temporal UI        ${facts.temporalUi}`);
  say(`  epic             ${workflowLink(facts.temporalUi, `epic/${epicId}`)}`);
  for (const task of tasks)
    say(`  ${cell(task.title, 30).padEnd(30)}   ${workflowLink(facts.temporalUi, `task/${task.id}`)}`);
}

const workflowLink = (ui: string, id: string): string => `${ui}/namespaces/default/workflows/${encodeURIComponent(id)}`;

function timelineText(item: Resource, titleOf: (id: unknown) => string): string | undefined {
  const data = (item.data ?? {}) as Resource; // an object by the API's schema
  const who = item.taskId ? titleOf(item.taskId) : 'epic';
  if (item.type === 'task.state' || item.type === 'epic.state') return `${who}: ${data.from ?? ''} → ${data.to}`;
  if (item.type === 'mail.sent') return `mail: ${data.subject}`;
  return undefined;
}

function costTable(cost: Resource, titleOf: (id: unknown) => string): string {
  const dollars = (micro: unknown): string => `$${(Number(micro ?? 0) / 1e6).toFixed(4)}`;
  const byTask = (cost.tasks ?? []) as readonly Resource[]; // a list by the API's schema
  const rows: readonly Resource[] = [...byTask, { ...cost, total: true }];
  return table(
    [
      {
        title: 'task',
        of: (row) => (row.total ? 'TOTAL' : row.taskId ? titleOf(row.taskId) : 'planning and supervision'),
      },
      { title: 'calls', of: (row) => row.calls },
      { title: 'input', of: (row) => row.inputTokens },
      { title: 'cached', of: (row) => row.cachedTokens },
      { title: 'output', of: (row) => row.outputTokens },
      { title: 'cost', of: (row) => dollars(row.costMicroUsd) },
    ],
    rows,
  );
}

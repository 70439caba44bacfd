import type { StreamEvent } from './event-stream.js';

type Data = StreamEvent['data'];
type Line = (subject: string, text: (key: string) => string, event: StreamEvent) => string | undefined;

/** What a line of progress says, by type of event. Types that are not here concern machines only. */
const LINES: Readonly<Record<string, Line>> = {
  'epic.state': (_, text, { epicId }) =>
    `epic: ${text('from')} → ${text('to')}${because(text('reason'))}${asked(text('to') === 'BLOCKED' ? 'epic show' : undefined, epicId)}`,
  'epic.phase': (_, text, { epicId }) => {
    const phase = text('phase') || text('to');
    return `epic: ${phase.replaceAll('_', ' ')}${asked(ASKS[phase], epicId)}`;
  },
  'epic.plan': (_, text) => `epic: plan version ${text('version')} with ${text('tasks')} tasks`,
  'task.state': (subject, text, { taskId }) =>
    `${subject}: ${text('from')} → ${text('to')}${because(text('reason'))}${asked(ASKS[text('to')], taskId)}`,
  'task.checks': (subject, text) =>
    `${subject}: checks ${text('outcome')}${text('checks') ? ` (${text('checks')})` : ''}, round ${text('round')}`,
  'task.caveat': (subject, text) => `${subject}: ${text('caveat')}`,
  'run.turn': (subject, text, { data }) => `${subject}: turn ${Number(text('turn')) + 1}${callTitles(data)}`,
  'mail.sent': (_, text, { data }) =>
    `mail ${shortName(text('from'))} → ${shortName(text('to'))}: ${text('subject')}${data.needsAnswer === true && text('to').startsWith('human') ? asked('mail read', text('mailId')) : ''}`,
  'queue.entry': (_, text) => `queue: ${text('title')}: ${text('to')}${because(text('reason'))}`,
  'queue.lane': (_, text) => `queue: lane ${text('to') || text('mode')}${because(text('reason'))}`,
};

/** What a person is expected to do then: by phase of an epic, and by state of a task. */
const ASKS: Readonly<Record<string, string>> = {
  awaiting_approval: 'epic approve',
  awaiting_merge: 'epic land',
  BLOCKED: 'task show',
};

const asked = (command: string | undefined, id: string | null): string =>
  command === undefined || id === null ? '' : ` → millwright ${command} ${id.slice(-12)}`;

/** One sentence about an event; undefined for those that only machines care about. */
export function eventText(event: StreamEvent, titleOf: (taskId: string) => string): string | undefined {
  const { type, data, taskId } = event;
  const text = (key: string): string => (data[key] === undefined || data[key] === null ? '' : String(data[key]));
  return LINES[type]?.(taskId ? titleOf(taskId) : 'epic', text, event);
}

const because = (reason: string): string =>
  reason === '' ? '' : ` (${reason.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => id.slice(-6))})`;

const callTitles = ({ calls }: Data): string => {
  if (!Array.isArray(calls) || calls.length === 0) return '';
  // The calls of a sealed turn: {title, ok}.
  return ` · ${(calls as readonly { readonly title: string; readonly ok: boolean }[]).map(({ title, ok }) => `${title}${ok ? '' : ' ✘'}`).join(', ')}`;
};

const shortName = (name: string): string => {
  const [kind, id = ''] = name.split(/[ /]/);
  return id.length > 20 ? `${kind} ${id.slice(-6)}` : `${kind} ${id}`;
};

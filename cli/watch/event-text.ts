import type { StreamEvent } from './event-stream.js';

/** What a line of progress says of an event; undefined for those that only machines care about. */
export function eventText(event: StreamEvent, titleOf: (taskId: string) => string): string | undefined {
  const { type, data } = event;
  const subject = event.taskId ? titleOf(event.taskId) : 'epic';
  const text = (key: string): string => (data[key] === undefined || data[key] === null ? '' : String(data[key]));
  switch (type) {
    case 'epic.state':
    case 'task.state':
      return `${subject}: ${text('from')} → ${text('to')}${text('reason') ? ` (${text('reason')})` : ''}`;
    case 'epic.phase':
      return `epic: ${text('phase') || text('to')}`;
    case 'mail.sent':
      return `mail ${shortName(text('from'))} → ${shortName(text('to'))}: ${text('subject')}`;
    case 'run.state':
      return undefined;
    case 'task.created':
      return undefined;
    default:
      return type.startsWith('task.') ||
        type.startsWith('queue.') ||
        type.startsWith('epic.') ||
        type.startsWith('run.')
        ? `${subject}: ${type.replace('.', ' ')}${summary(data)}`
        : undefined;
  }
}

const shortName = (name: string): string => {
  const [kind, id = ''] = name.split('/');
  return id.length > 20 ? `${kind} ${id.slice(-6)}` : `${kind} ${id}`;
};

const summary = (data: Readonly<Record<string, unknown>>): string => {
  const parts = Object.entries(data)
    .filter(([, value]) => typeof value !== 'object' && value !== '')
    .map(([key, value]) => `${key} ${String(value).slice(0, 60)}`);
  return parts.length > 0 ? ` · ${parts.join(', ')}` : '';
};

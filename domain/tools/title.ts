import { plainLine } from '../prompt-hidden.js';

const MAX = 120;

/** What people see of a call in the Temporal UI and in lists: the tool and its most telling argument. */
export function toolTitle(name: string, input: unknown): string {
  const args = (typeof input === 'object' && input !== null ? input : {}) as Readonly<Record<string, unknown>>;
  const telling = args.command ?? args.path ?? args.pattern ?? args.subject ?? args.title ?? args.mail_id;
  // Cut first: an argument may be megabytes.
  return plainLine(typeof telling === 'string' ? `${name}: ${telling.slice(0, 4 * MAX)}` : name, MAX);
}

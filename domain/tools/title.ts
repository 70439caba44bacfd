const MAX = 120;

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** What people see of a call in the Temporal UI and in lists: the tool and its most telling argument. */
export function toolTitle(name: string, input: unknown): string {
  const args = (typeof input === 'object' && input !== null ? input : {}) as Readonly<Record<string, unknown>>;
  const telling = args.command ?? args.path ?? args.pattern ?? args.subject ?? args.title ?? args.mail_id;
  const text = typeof telling === 'string' ? `${name}: ${oneLine(telling)}` : name;
  return text.length > MAX ? `${text.slice(0, MAX - 1)}…` : text;
}

import { plainLine, showHidden } from './prompt-hidden.js';

/** Text that somebody outside the program wrote: people, agents, repositories, programs. */
export interface UntrustedText {
  /** What it is: 'epic', 'task', 'mail', 'check log', 'conflict', 'file list', … */
  readonly origin: string;
  /** Role and name of who wrote it, as far as known. */
  readonly author: string;
  /** More facts of ours about it (ids, kind); shown as attributes. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly text: string;
}

const TAG = 'untrusted-data';
const attribute = (value: string): string => plainLine(value).replace(/[<>"&]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Our own delimiter and HTML comments lose their bracket, so that neither closes a block nor hides in one. */
const defuse = (text: string): string =>
  showHidden(text)
    .replace(/<(?=\s*(?:\/\s*)?untrusted-data)/gi, '&lt;')
    .replace(/<!--/g, '&lt;!--')
    .replace(/-->/g, '--&gt;');

/** An untrusted name or title inside a sentence of ours: one line that neither opens nor closes a block. */
export const dataLine = (text: string): string => defuse(plainLine(text));

/**
 * Wraps untrusted text as data with its origin. The block cannot be closed from inside, and nothing in it is
 * invisible. It is a label, not a control: what an agent may do is decided by permissions and the sandbox.
 */
export function markedData({ origin, author, facts = {}, text }: UntrustedText): string {
  const more = Object.entries(facts).map(([name, value]) => ` ${name}="${attribute(value)}"`);
  return `<${TAG} origin="${attribute(origin)}" author="${attribute(author)}"${more.join('')}>\n${defuse(text)}\n</${TAG}>`;
}

/** Keeps head and tail of a text that is too long, and says how much is missing. */
export function capText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const head = Math.floor(maxChars * 0.4);
  const tail = maxChars - head;
  const cut = text.length - head - tail;
  return `${text.slice(0, head)}\n[… ${cut} characters left out …]\n${text.slice(text.length - tail)}`;
}

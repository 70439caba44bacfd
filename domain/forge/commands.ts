// What a person asks for in a comment: `/millwright <verb> <text>` on its first line. Pure.

export const COMMAND_VERBS = ['plan', 'approve', 'land', 'pause', 'resume', 'retry', 'cancel', 'ask'] as const;
export type CommandVerb = (typeof COMMAND_VERBS)[number];

export interface Command {
  readonly kind: 'command';
  readonly verb: CommandVerb;
  /** What stands behind the verb: the rest of the line, and of `ask` the lines below it too. Empty when there is nothing. */
  readonly text: string;
}

export type CommentReading =
  | Command
  /** Addressed to us, with a verb that does not exist or that lacks its text. */
  | { readonly kind: 'unknown'; readonly said: string }
  | { readonly kind: 'none' };

const ADDRESS = /^\/millwright(?=$|\s)/i;
const MOST_TEXT = 10_000;
const MOST_SAID = 40;

/** Reads a comment's Markdown. A command further down, in a quotation or in a code block is none. */
export function readComment(body: string): CommentReading {
  const [first = '', ...below] = body.replace(/\r\n?/g, '\n').split('\n');
  const line = first.trimEnd();
  if (!ADDRESS.test(line)) return { kind: 'none' };
  const [, said = '', rest = ''] = /^\S+\s*(\S*)\s*(.*)$/s.exec(line) ?? [];
  const verb = COMMAND_VERBS.find((one) => one === said.toLowerCase());
  if (verb === undefined) return { kind: 'unknown', said: said.slice(0, MOST_SAID) };
  const text = (verb === 'ask' ? [rest, ...below].join('\n') : rest).trim().slice(0, MOST_TEXT);
  if (verb === 'ask' && text === '') return { kind: 'unknown', said: 'ask' };
  return { kind: 'command', verb, text };
}

import { blocksOf, textOf, type WireMessage, type WireRequest } from './wire.js';

export interface DataBlock {
  readonly origin: string;
  readonly author: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface ToolExchange {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly ok: boolean;
  readonly text: string;
}

/** What a scenario can ask about a request. All of it follows from the conversation alone. */
export interface Facts {
  readonly model: string;
  /** The prompt's head: `Role: worker` and so on, up to its first empty line. */
  readonly head: Readonly<Record<string, string>>;
  /** Assistant messages so far whose work still stands: a turn that was rolled back is taken again. */
  readonly turn: number;
  readonly system: string;
  readonly first: string;
  readonly last: string;
  readonly anywhere: string;
  readonly exchanges: readonly ToolExchange[];
  /** Results in the newest user message. */
  readonly lastResults: readonly ToolExchange[];
  readonly data: readonly DataBlock[];
  readonly lastData: readonly DataBlock[];
}

const DATA = /<untrusted-data ([^>]*)>\n([\s\S]*?)\n<\/untrusted-data>/g;
const ATTRIBUTE = /([\w-]+)="([^"]*)"/g;

/** Words of the note that follows a turn whose files were lost. */
const ROLLED_BACK = 'The files are back as they were at the start of this turn';

const plain = (value: string): string =>
  value.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));

function dataIn(text: string): DataBlock[] {
  return [...text.matchAll(DATA)].map(([, attributes = '', body = '']) => {
    const all = Object.fromEntries([...attributes.matchAll(ATTRIBUTE)].map(([, k = '', v = '']) => [k, plain(v)]));
    const { origin = '', author = '', ...facts } = all;
    return { origin, author, facts, text: body.replaceAll('&lt;', '<') };
  });
}

const messageText = (message: WireMessage | undefined): string =>
  message ? blocksOf(message.content).map(textOf).join('\n\n') : '';

function headOf(text: string): Record<string, string> {
  const lines =
    text
      .trimStart()
      .split(/\n\s*\n/)[0]
      ?.split('\n') ?? [];
  const pairs = lines.map((line) => /^([A-Z][A-Za-z ]*): (.*)$/.exec(line)).filter((match) => match !== null);
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name.toLowerCase(), value]));
}

function exchangesOf(messages: readonly WireMessage[]): ToolExchange[] {
  const calls = new Map<string, { tool: string; input: Record<string, unknown> }>();
  const exchanges: ToolExchange[] = [];
  for (const block of messages.flatMap((message) => blocksOf(message.content))) {
    if (block.type === 'tool_use') {
      calls.set(block.id ?? '', { tool: block.name ?? '', input: (block.input ?? {}) as Record<string, unknown> });
    } else if (block.type === 'tool_result') {
      const call = calls.get(block.tool_use_id ?? '') ?? { tool: '', input: {} };
      exchanges.push({ ...call, ok: block.is_error !== true, text: textOf(block) });
    }
  }
  return exchanges;
}

const isRolledBack = (text: string): boolean => text.includes(ROLLED_BACK);

export function factsOf(request: WireRequest): Facts {
  const { messages } = request;
  const users = messages.filter((message) => message.role === 'user');
  const newest = users.at(-1);
  const last = messageText(newest);
  const texts = users.map(messageText);
  const results = newest ? blocksOf(newest.content).filter((block) => block.type === 'tool_result').length : 0;
  const exchanges = exchangesOf(messages);
  return {
    model: request.model,
    head: headOf(texts[0] ?? ''),
    turn: messages.filter(({ role }) => role === 'assistant').length - texts.filter(isRolledBack).length,
    system: blocksOf(request.system ?? [])
      .map(textOf)
      .join('\n'),
    first: texts[0] ?? '',
    last,
    anywhere: messages.map(messageText).join('\n'),
    exchanges,
    lastResults: results === 0 ? [] : exchanges.slice(-results),
    data: texts.flatMap(dataIn),
    lastData: dataIn(last),
  };
}

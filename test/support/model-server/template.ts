import type { DataBlock, Facts } from './facts.js';
import { invalid } from './wire.js';

const EXPRESSION = /\{\{(.+?)\}\}/gs;

const missing = (what: string): never => {
  throw invalid(`scenario: template finds no ${what} in the conversation`);
};

/** read_file answers lines, so the last line's end is not in it, and an empty file has words of its own. */
const wholeText = (result: string): string => {
  if (result === '(no output)') return '';
  return result.endsWith('\n') ? result : `${result}\n`;
};

/** The file as the conversation last saw it whole: written, or read. */
function fileText(facts: Facts, path: string): string {
  const seen = facts.exchanges.findLast(
    ({ tool, input, ok }) => ok && input.path === path && (tool === 'read_file' || tool === 'write_file'),
  );
  if (!seen) return missing(`content of ${path}`);
  return seen.tool === 'write_file' ? String(seen.input.content ?? '') : wholeText(seen.text);
}

function dataValue(blocks: readonly DataBlock[], path: string): string {
  const [origin = '', fact] = path.split('.');
  const block = blocks.findLast((candidate) => candidate.origin === origin);
  if (!block) return missing(`data of origin ${origin}`);
  if (fact === undefined) return block.text;
  return (fact === 'author' ? block.author : block.facts[fact]) ?? missing(`fact ${fact} of ${origin}`);
}

function lookUp(facts: Facts, expression: string): string {
  const dot = expression.indexOf('.');
  const [kind, rest] = dot < 0 ? [expression, ''] : [expression.slice(0, dot), expression.slice(dot + 1)];
  if (kind === 'file') return fileText(facts, rest);
  if (kind === 'data') return dataValue(facts.data, rest);
  if (kind === 'result') {
    return facts.exchanges.findLast(({ tool }) => tool === rest)?.text ?? missing(`result of ${rest}`);
  }
  if (kind === 'last') return facts.last;
  if (kind === 'turn') return String(facts.turn);
  if (kind === 'model') return facts.model;
  return facts.head[kind === 'head' ? rest : kind] ?? missing(`line ${kind} in the prompt's head`);
}

const CONFLICT = /^<{7}[^\n]*\n([\s\S]*?)(?:^\|{7}[^\n]*\n[\s\S]*?)?^={7}[^\n]*\n([\s\S]*?)^>{7}[^\n]*(?:\n|$)/gm;

/** Removes conflict markers and keeps one side, or both one after the other. */
function resolve(text: string, side: string): string {
  return text.replace(CONFLICT, (_, ours: string, theirs: string) => {
    if (side === 'ours') return ours;
    if (side === 'theirs') return theirs;
    return side === 'theirs-ours' ? theirs + ours : ours + theirs;
  });
}

type Filter = (text: string, args: readonly string[]) => string;

const FILTERS: Readonly<Record<string, Filter>> = {
  resolve: (text, [side = 'both']) => resolve(text, side),
  replace: (text, [from = '', to = '']) => text.replaceAll(from, to),
  append: (text, [more = '']) => text + more,
  prepend: (text, [more = '']) => more + text,
  match: (text, [pattern = '']) => {
    const found = new RegExp(pattern, 'm').exec(text);
    return found?.[1] ?? found?.[0] ?? missing(`match of ${pattern}`);
  },
  trim: (text) => text.trim(),
};

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\' };

/** Knows \n, \t, \" and \\; any other backslash stays, so that regular expressions can be written plainly. */
const unquote = (word: string): string =>
  word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/gs, (all, char: string) => ESCAPES[char] ?? all) : word;

/** Words of each part between | signs. Quotes keep a word with spaces or bars together. */
const partsOf = (source: string): readonly (readonly string[])[] => {
  const parts: string[][] = [[]];
  for (const [word] of source.matchAll(/"(?:[^"\\]|\\.)*"|\||[^\s|]+/g)) {
    if (word === '|') parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
};

function evaluate(facts: Facts, source: string): string {
  const [head = [], ...filters] = partsOf(source);
  const expression = unquote(head[0] ?? '');
  return filters.reduce(
    (text, [name = '', ...args]) => {
      const filter = FILTERS[name] ?? missing(`filter ${name}`);
      return filter(text, args.map(unquote));
    },
    lookUp(facts, expression),
  );
}

/** Fills `{{…}}` in every string of a value. @throws WireError 400 when the conversation lacks what is asked for */
export function fill(facts: Facts, value: unknown): unknown {
  if (typeof value === 'string') return value.replace(EXPRESSION, (_, source: string) => evaluate(facts, source));
  if (Array.isArray(value)) return value.map((item) => fill(facts, item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(facts, item)]));
  }
  return value;
}

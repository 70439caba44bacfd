import Table from 'cli-table3';
import { showHidden } from '../domain/prompt-hidden.js';
import type { Resource } from './api-client.js';

/** A terminal, a file or a pipe. */
export type Screen = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Where commands write: tables for people, or the API's own shapes as JSON. */
export interface Output {
  readonly json: boolean;
  /** Where progress is shown: beside the JSON, so that what is piped stays one document. */
  readonly screen: Screen;
  line(text: string): void;
  /** What is under way, for people: JSON is one document, and has no place for it. */
  say(text: string): void;
}

export const createOutput = (
  json: boolean,
  { stdout, stderr }: { readonly stdout: Screen; readonly stderr: Screen },
): Output => {
  const line = (text: string): void => void stdout.write(`${json ? escaped(text) : showHidden(text)}\n`);
  return { json, screen: json ? stderr : stdout, line, say: json ? () => undefined : line };
};

/** What people and agents wrote may hold escapes that rewrite the screen or type on it: they are shown instead. */
export const visible = showHidden;

/** JSON escapes these below 0x20 only; terminals heed the rest too. */
const escaped = (text: string): string =>
  text.replace(/[\u007f-\u009f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);

export interface Column {
  readonly title: string;
  readonly of: (row: Resource) => unknown;
  /** Longest text shown. */
  readonly max?: number;
}

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export const cell = (value: unknown, max = 60): string => {
  const text = Array.isArray(value) ? value.join(', ') : value === null || value === undefined ? '' : String(value);
  const line = visible(text).replace(/\s+/g, ' ').trim();
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
};

/** A plain table without borders, which pipes and narrow terminals take well. */
export function table(columns: readonly Column[], rows: readonly Resource[]): string {
  const out = new Table({
    head: columns.map(({ title }) => title.toUpperCase()),
    chars: BARE,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  for (const row of rows) out.push(columns.map(({ of, max }) => cell(of(row), max)));
  return out
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

export const dollars = (microUsd: unknown): string => `$${(Number(microUsd ?? 0) / 1e6).toFixed(2)}`;

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** `key: value` lines, for one thing. */
export function details(pairs: readonly (readonly [string, unknown])[]): string {
  const shown = pairs.filter(([, value]) => !isEmpty(value));
  const width = Math.max(0, ...shown.map(([key]) => key.length));
  return shown
    .map(([key, value]) => `${key.padEnd(width)}  ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('\n');
}

/** Prints a list: JSON as it came, or a table, or a sentence when it is empty. */
export function printList(out: Output, rows: readonly Resource[], columns: readonly Column[], none: string): void {
  if (out.json) printJson(out, rows);
  else out.line(rows.length === 0 ? none : table(columns, rows));
}

export const printJson = (out: Output, value: unknown): void => out.line(JSON.stringify(value, undefined, 2));

export function printOne(out: Output, row: Resource, pairs: readonly (readonly [string, unknown])[]): void {
  if (out.json) printJson(out, row);
  else out.line(details(pairs));
}

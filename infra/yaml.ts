import { type Document, isMap, isScalar, Lexer, LineCounter, type Pair, Parser, parseDocument, visit } from 'yaml';
import type { Position } from '../domain/project-config/validate.js';

export type YamlReading =
  | { readonly kind: 'document'; readonly document: Document.Parsed; positionAt(offset: number): Position }
  /** `why` follows the name of the file in a sentence, without a full stop. */
  | { readonly kind: 'invalid'; readonly position: Position; readonly why: string };

/** Of a file of settings. */
const MAX_BYTES = 256 * 1024;
/** The parser calls itself for each level: where that exhausts the stack, V8 ends the process and throws nothing. */
const MAX_DEPTH = 50;
const START: Position = { line: 1, column: 1 };
const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses one YAML document that somebody else wrote. Anything but plain, unique keys is refused.
 * @param maxBytes or characters, of a text. Default 256 KiB
 */
export const readYaml = (source: string | Uint8Array, maxBytes = MAX_BYTES): YamlReading => {
  if (source.length > maxBytes)
    return { kind: 'invalid', position: START, why: `is larger than ${Math.floor(maxBytes / 1024)} KiB` };
  const text = typeof source === 'string' ? source : decode(source);
  if (text === undefined) return { kind: 'invalid', position: START, why: 'is not UTF-8 text' };
  const lines = new LineCounter();
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const invalid = (offset: number, why: string): YamlReading => ({
    kind: 'invalid',
    position: positionAt(offset),
    why,
  });
  const tooDeepAt = findTooDeep(text, lines);
  if (tooDeepAt !== undefined) return invalid(tooDeepAt, `is nested deeper than ${MAX_DEPTH} levels`);
  // The parser compares each key with every other one of its mapping, which takes minutes for ten thousand.
  const document = parseDocument(text, { version: '1.2', uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  const [error] = document.errors;
  if (error?.code === 'MULTIPLE_DOCS') return invalid(error.pos[0], 'holds more than one document');
  if (error !== undefined) return invalid(error.pos[0], `is not valid YAML: ${error.message.replace(/\.$/, '')}`);
  const [offset, why] = findBadKey(document) ?? [];
  return offset === undefined ? { kind: 'document', document, positionAt } : invalid(offset, why ?? 'is not valid');
};

const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    // Said by the caller, who knows the file.
    return undefined;
  }
};

/** Walks the tokens, which needs no stack, and notes where lines begin. Answers where it becomes too deep. */
const findTooDeep = (text: string, lines: LineCounter): number | undefined => {
  const parser = new Parser();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme));
    if (parser.stack.length > MAX_DEPTH) return parser.offset;
  }
  return undefined;
};

const findBadKey = (document: Document.Parsed): readonly [number, string] | undefined => {
  let found: readonly [number, string] | undefined;
  visit(document, {
    Map: (_, map) => {
      if (!isMap(map)) return undefined;
      found = badKeyOf(map.items, map.range?.[0] ?? 0);
      return found === undefined ? undefined : visit.BREAK;
    },
  });
  return found;
};

const badKeyOf = (pairs: readonly Pair[], mapOffset: number): readonly [number, string] | undefined => {
  const seen = new Set<string>();
  for (const { key } of pairs) {
    if (!isScalar(key)) return [mapOffset, 'has a key that is no plain text'];
    const name = String(key.value);
    if (seen.has(name)) return [key.range?.[0] ?? mapOffset, `repeats the key ${JSON.stringify(name.slice(0, 60))}`];
    seen.add(name);
  }
  return undefined;
};

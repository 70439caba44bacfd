import type { FileAnswer, FileLimits, FileRequest } from './answer.js';
import { refuse } from './answer.js';
import { openDirectory, partsOf, readBytes } from './open.js';

type ReadRequest = Extract<FileRequest, { tool: 'read_file' }>;

/** Lines from `offset`, counted from 1, as text. */
export function readFileTool(request: ReadRequest, limits: FileLimits): FileAnswer {
  const parts = partsOf(request.path);
  const name = parts.pop();
  if (name === undefined) throw refuse('INVALID_INPUT', `${request.path} is a directory.`);
  const bytes = readBytes(openDirectory(limits.root, parts, false), name, request.path, limits.maxFileBytes);
  if (isBinary(bytes)) throw refuse('INVALID_INPUT', `${request.path} is binary (${bytes.length} bytes).`);
  const lines = bytes.toString('utf8').split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  if (request.offset > Math.max(1, lines.length)) {
    throw refuse('INVALID_INPUT', `${request.path} has only ${lines.length} lines.`);
  }
  return { ok: true, text: cutLines(lines, request.offset, request.limit, limits.maxTextBytes) };
}

/** What is cut off is said at the end, with the offset to go on from. */
export function cutLines(lines: readonly string[], offset: number, limit: number, maxBytes: number): string {
  const kept: string[] = [];
  let bytes = 0;
  for (const line of lines.slice(offset - 1, offset - 1 + limit)) {
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > maxBytes && kept.length > 0) break;
    kept.push(bytes > maxBytes ? `${line.slice(0, maxBytes)} … line cut` : line);
  }
  const next = offset + kept.length;
  const left = lines.length - next + 1;
  return left > 0 ? `${kept.join('\n')}\n… ${left} more lines, go on with offset ${next}` : kept.join('\n');
}

/** A NUL in the first 8000 bytes, as git judges. */
export function isBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, 8000).includes(0);
}

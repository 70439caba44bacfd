import { hasHidden } from '../../../domain/prompt-hidden.js';
import { CANARY } from './injections.js';

const OPENING = /^<untrusted-data origin="[^"<>]*" author="[^"<>]*"(?: [a-z-]+="[^"<>]*")*>$/;
const CLOSING = '</untrusted-data>';
/** Lines of ours that name something: one plain line each. */
const NAMES_SOMETHING =
  /^(?:(?:Project|Epic|Task|Task id): |The required check |- |As your files are now, |zanzibar-canary)/;

/**
 * How a prompt lets untrusted text stand as something else than data; undefined when it does not.
 * @param ours lines of the head as they truly are
 */
export const whyNotMarked = (prompt: string, ours: ReadonlySet<string> | 'unknown' = OURS): string | undefined => {
  if (hasHidden(prompt)) return 'it holds characters that nobody sees';
  if (/<!--|-->/.test(prompt)) return 'it holds a comment that nobody sees';
  let isOpen = false;
  for (const line of prompt.split('\n')) {
    if (OPENING.test(line) && !isOpen) isOpen = true;
    else if (line === CLOSING && isOpen) isOpen = false;
    else if (/<\s*\/?\s*untrusted-data/i.test(line)) return `a block is opened or closed by “${line.slice(0, 80)}”`;
    else if (!isOpen && line.includes(CANARY) && !NAMES_SOMETHING.test(line))
      return `outside of a block stands “${line.slice(0, 80)}”`;
    else if (!isOpen && /^(?:Role|Kind|Run): /.test(line) && ours !== 'unknown' && !ours.has(line))
      return `a line of ours is forged: “${line}”`;
  }
  return isOpen ? 'a block is never closed' : undefined;
};

/** What the prompts under attack truly say. */
export const ROLE = 'worker';
export const KIND = 'execution';
export const RUN = 'run-1';
const OURS = new Set([`Role: ${ROLE}`, `Kind: ${KIND}`, `Run: ${RUN}`]);

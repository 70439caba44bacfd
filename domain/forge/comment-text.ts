// What leaves us as a comment: texts of agents and people inside sentences of ours. Pure. Of the two output gates this one
// shows a text as the characters that it is: a title or a test's name has no layout, and must not break the line of ours
// that it stands in. `agent-markdown.ts` keeps the layout of a whole text; what is escaped here would ruin it, and what is
// let through there would draw here. They share what comes first: hidden characters shown, secrets taken out.
import { plainLine, showHidden } from '../prompt-hidden.js';
import { redactSecrets } from '../redaction.js';

/** GitHub takes 65,536 characters; the rest is for the marker. */
export const MOST_COMMENT = 60_000;

/** Mentions and references are looked for after entities are read: what stands behind the sign must not touch it. */
export const BREAK = '\u200b';

/** So that it notifies nobody, refers to nothing and is not drawn: neither HTML, nor images, nor links, nor mentions. */
const defused = (text: string): string =>
  redactSecrets(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()#+!|~^=$-]/g, (c) => `&#${c.charCodeAt(0)};${c === '#' ? BREAK : ''}`)
    .replace(/@/g, `&#64;${BREAK}`)
    .replace(/:\/\//g, '&#58;//')
    .replace(/\bwww\./gi, (w) => `${w.slice(0, 3)}&#46;`);

/** Foreign text as one line of ours. */
export const foreignLine = (text: string, maxChars = 200): string => defused(plainLine(text, maxChars));

/** Foreign text as a quotation below a line of ours. */
export const foreignBlock = (text: string, maxChars: number): string => {
  const shown = showHidden(text).trim();
  const cut = shown.length > maxChars ? `${shown.slice(0, maxChars)}…` : shown;
  return defused(cut)
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
};

/** Cut at a line, so that no mark stays open. */
export function cappedComment(text: string): string {
  if (text.length <= MOST_COMMENT) return text;
  const cut = text.slice(0, MOST_COMMENT - 40);
  return `${cut.slice(0, cut.lastIndexOf('\n'))}\n\n… shortened.`;
}

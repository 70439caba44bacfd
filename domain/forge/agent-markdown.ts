// Markdown of agents and people as we publish it under our name. Its headings, lists and code stay; whatever would load,
// link, hide, notify or refer does not. Pure. Zero-width spaces break what GitHub would find after it has drawn the text.
// The other output gate, `comment-text.ts`, is for texts without a layout inside sentences of ours, and says why it is another.
import { showHidden } from '../prompt-hidden.js';
import { redactSecrets } from '../redaction.js';
import { BREAK } from './comment-text.js';

/** In this order: what a later step adds must not be taken apart by an earlier one. */
const STEPS: readonly (readonly [RegExp, string])[] = [
  // "Fixes #12" would close it.
  [/#(?=\d)/g, `#${BREAK}`],
  // Entities spell what the steps below look for.
  [/&(?=#|[a-z]\w*;)/gi, '&amp;'],
  // HTML, comments and links in angle brackets all begin so.
  [/<(?=[a-z/!?])/gi, '&lt;'],
  // Images, links, and definitions that make links of our own brackets.
  [/!\[/g, '&#33;['],
  [/\](?=[([])/g, '&#93;'],
  [/\]:/g, ']&#58;'],
  [/:(?=\/\/)/g, `:${BREAK}`],
  [/\bwww\./gi, `www${BREAK}.`],
  [/@/g, `@${BREAK}`],
  [/\bGH-(?=\d)/gi, `GH${BREAK}-`],
  // Drawn by programs of the page.
  [/(`{3,}|~{3,})[ \t]*(?:mermaid|geojson|topojson|stl|math)\b/gi, '$1'],
];

/**
 * The output gate for model Markdown.
 * @param maxChars of the text as it came; what is longer ends with an ellipsis
 */
export function gatedMarkdown(text: string, maxChars: number): string {
  const shown = redactSecrets(showHidden(text)).trim();
  const cut = shown.length > maxChars ? `${shown.slice(0, maxChars).replace(/[\ud800-\udbff]$/, '')}…` : shown;
  return closed(STEPS.reduce((rest, [pattern, by]) => rest.replace(pattern, by), cut));
}

/** A code block that was left open would take everything that follows it. */
function closed(text: string): string {
  let open: string | undefined;
  for (const line of text.split('\n')) {
    const fence = /^[\s>]*(`{3,}|~{3,})(.*)$/.exec(line);
    const [, mark = '', rest = ''] = fence ?? [];
    if (mark === '') continue;
    if (open === undefined) open = mark;
    else if (mark[0] === open[0] && mark.length >= open.length && rest.trim() === '') open = undefined;
  }
  return open === undefined ? text : `${text}\n${open}`;
}

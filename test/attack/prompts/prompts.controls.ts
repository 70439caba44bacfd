import type { Control } from '../control.js';

const DATA = 'domain/prompt-data.ts';
const HIDDEN = 'domain/prompt-hidden.ts';

export const PROMPT_CONTROLS: readonly Control[] = [
  {
    name: 'prompts.closed-blocks',
    about: 'no text closes or opens a block of data',
    edits: [{ file: DATA, cut: "    .replace(/<(?=\\s*(?:\\/\\s*)?untrusted-data)/gi, '&lt;')\n" }],
  },
  {
    name: 'prompts.shown-hidden',
    about: 'characters that nobody sees are shown',
    edits: [{ file: DATA, cut: '  showHidden(text)\n', put: '  text\n' }],
  },
  {
    name: 'prompts.shown-comments',
    about: 'comments that nobody sees are shown',
    edits: [{ file: DATA, cut: "    .replace(/<!--/g, '&lt;!--')\n" }],
  },
  {
    name: 'prompts.attributes',
    about: 'a name cannot add an attribute to its block',
    edits: [
      {
        file: DATA,
        cut: 'plainLine(value).replace(/[<>"&]/g, (c) => `&#${c.charCodeAt(0)};`)',
        put: 'plainLine(value)',
      },
    ],
  },
  {
    name: 'prompts.one-line',
    about: 'a name is one line',
    edits: [{ file: HIDDEN, cut: "showHidden(text).replace(/\\s+/g, ' ').trim()", put: 'showHidden(text)' }],
  },
  {
    name: 'prompts.program-mail',
    about: 'mail is marked in the prompt of a program too',
    edits: [
      {
        file: 'activities/agents/command/program-context.ts',
        cut: 'markedData({ origin',
        put: '((m: { text: string }) => m.text)({ origin',
      },
    ],
  },
  {
    name: 'prompts.titles',
    about: 'the title of a call is data in a sentence',
    edits: [{ file: 'activities/agents/transcripts/compact.ts', cut: '${dataLine(title)}', put: '${title}' }],
  },
  {
    name: 'prompts.named-files',
    about: 'a file name in a sentence is one plain line',
    edits: [{ file: 'domain/work-notes.ts', cut: '.map(dataLine)' }],
  },
  {
    name: 'prompts.terminal',
    about: 'the command line shows escapes instead of heeding them',
    edits: [{ file: 'cli/output.ts', cut: '${json ? escaped(text) : showHidden(text)}', put: '${text}' }],
  },
];

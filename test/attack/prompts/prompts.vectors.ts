import { PassThrough } from 'node:stream';
import { type ProgramContext, programPrompt } from '../../../activities/agents/command/program-context.js';
import { type PromptFacts, runPrompt } from '../../../activities/agents/prompts/run-prompt.js';
import { digestOf } from '../../../activities/agents/transcripts/compact.js';
import { mailBlock } from '../../../activities/agents/turn-request.js';
import type { MailRow } from '../../../activities/mail/mail.repository.js';
import type { TurnRow } from '../../../activities/store/turn.repository.js';
import { createOutput, printList, printOne } from '../../../cli/output.js';
import { createProgress } from '../../../cli/watch/progress.js';
import { toolTitle } from '../../../domain/tools/title.js';
import {
  cannotKeepNote,
  completedAnswer,
  ignoredNote,
  markersAnswer,
  unchangedAnswer,
} from '../../../domain/work-notes.js';
import type { Vector } from '../vector.js';
import { CANARY, INJECTIONS } from './injections.js';
import { KIND, ROLE, RUN, whyNotMarked } from './judge.js';

export interface NoWorld {
  close(): void;
}

type PromptVector = Vector<NoWorld>;

/** Every field of the prompt at once; a new one does not compile until it is here. */
const factsWith = (text: string): Required<PromptFacts> => ({
  role: ROLE,
  kind: KIND,
  runId: RUN,
  attempt: 1,
  round: 1,
  project: text,
  createdBy: text,
  epic: { title: text, description: text, design: text },
  task: { id: 'task-1', title: text, description: text, acceptance: [text, text], predictedFiles: [text] },
  tasks: [{ id: 'task-2', title: text, state: 'PENDING' }],
  mail: [mailBlock(mailWith(text))],
  failedChecks: [{ name: text, failedTests: [text], log: text }],
  conflict: { tip: 'abc', files: [{ path: text, what: text }] },
  previousSummary: text,
  previousFailure: text,
  ignoredFiles: [text],
  planErrors: [text],
  checks: [{ name: text, command: text }],
});

const mailWith = (text: string): MailRow =>
  // What a mail is shown by; the rest of the row is ids and times.
  ({
    id: '01900000-0000-7000-8000-000000000001',
    from: { kind: 'human', id: text },
    to: { kind: 'task', id: 'x' },
    subject: text,
    body: text,
    kind: 'question',
    needsAnswer: true,
    inReplyTo: null,
  }) as unknown as MailRow;

const CONTROLS = [
  'prompts.closed-blocks',
  'prompts.shown-hidden',
  'prompts.shown-comments',
  'prompts.attributes',
  'prompts.one-line',
];

const onEach = (name: string, controls: readonly string[], make: (text: string) => string): PromptVector => ({
  name,
  controls,
  isSmoke: true,
  run: async (_, tally) => {
    for (const injection of INJECTIONS) {
      const prompt = make(injection);
      if (!prompt.includes(CANARY))
        throw new Error(`the prompt does not hold ${JSON.stringify(injection).slice(0, 80)}`);
      const why = whyNotMarked(prompt);
      tally.count(why && `${JSON.stringify(injection).slice(0, 60)}: ${why}`);
    }
  },
});

const context = (text: string): ProgramContext => ({
  version: 1,
  run: { id: RUN, kind: KIND, agent: 'a', attempt: 1, round: 1 },
  project: { id: 'p', name: text },
  checks: [],
  failedChecks: [],
  mail: [
    { id: 'm', from: `human ${text}`, kind: 'question', subject: text, body: text, needsAnswer: true, inReplyTo: null },
  ],
});

const turn = (text: string): TurnRow =>
  // What the digest shows of a turn.
  ({
    seq: 1,
    calls: [
      { id: 'c', name: 'run_command', title: toolTitle('run_command', { command: text }), inputRef: 'x', ok: true },
    ],
  }) as unknown as TurnRow;

const notes = (text: string): readonly string[] => {
  const refused = { paths: [text, text], why: 'a named pipe' };
  return [
    ignoredNote([text]),
    cannotKeepNote(refused),
    markersAnswer([text]),
    unchangedAnswer([text]),
    completedAnswer([text]),
  ];
};

/** A note stands between blocks as our own words, so each name in it is one line, and nothing in it opens or closes a block. */
const fileNames: PromptVector = {
  name: 'names of files in what the machinery says of them',
  controls: ['prompts.named-files'],
  isSmoke: true,
  run: async (_, tally) => {
    for (const injection of INJECTIONS)
      for (const note of notes(injection)) {
        const isBroken =
          note.includes('\n') ||
          /<\s*\/?\s*untrusted-data/i.test(note) ||
          whyNotMarked(`As your files are now, ${note}`);
        tally.count(isBroken ? `${JSON.stringify(note).slice(0, 120)}` : undefined);
      }
  },
};

const CONTROL = /[^\P{Cc}\n\t]|[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Everything that the command line prints goes through these. */
const terminal: PromptVector = {
  name: 'terminal escapes in what the command line prints',
  controls: ['prompts.terminal'],
  isSmoke: true,
  run: async (_, tally) => {
    for (const injection of INJECTIONS) {
      for (const json of [false, true]) {
        const stdout = new PassThrough();
        const out = createOutput(json, { stdout, stderr: stdout });
        out.line(json ? JSON.stringify(injection) : injection);
        printOne(out, { subject: injection }, [['subject', injection]]);
        printList(out, [{ title: injection }], [{ title: 'title', of: ({ title }) => title }], 'none');
        const progress = createProgress(stdout);
        if (!json) progress.note(injection);
        const said = String(stdout.read());
        const isHeeded = json ? /[^\P{Cc}\n\t]/u.test(said) : CONTROL.test(said);
        tally.count(isHeeded ? `${json ? '--json ' : ''}${JSON.stringify(said).slice(0, 100)}` : undefined);
      }
    }
  },
};

export const PROMPT_VECTORS: readonly PromptVector[] = [
  onEach('every text in the prompt of a run', CONTROLS, (text) => runPrompt(factsWith(text))),
  onEach('mail that comes while a run works', CONTROLS, (text) => `You have mail.\n${mailBlock(mailWith(text))}`),
  onEach('mail on the standard input of a program', ['prompts.program-mail'], (text) =>
    programPrompt('Role: worker', context(text), ['m']),
  ),
  onEach('calls in the digest of a long conversation', ['prompts.titles'], (text) =>
    digestOf([turn(text)]).replace(/^turn 1: run_command: /gm, '- '),
  ),
  fileNames,
  terminal,
];

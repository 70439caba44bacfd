import { PLAN_SCHEMA } from './plan-schema.js';
import { objectOf, type ToolDefinition } from './schema.js';

export const LOG_DECISION = {
  name: 'log_decision',
  description: 'Record a choice that a later reader should understand, with its reasons.',
  input: objectOf(
    {
      title: { type: 'string', minLength: 1, maxLength: 200 },
      decision: { type: 'string', description: 'What was decided.', minLength: 1, maxLength: 4000 },
      reasoning: { type: 'string', description: 'Why, and what else was considered.', maxLength: 8000 },
    },
    ['title', 'decision'],
  ),
  where: 'store',
  readOnly: false,
} as const satisfies ToolDefinition;

export const MAIL_SEND = {
  name: 'mail_send',
  description:
    'Send mail. With needs_answer true the mail is a question: after this turn you sleep until the answer arrives.',
  input: objectOf(
    {
      to: {
        type: 'string',
        description: "'supervisor', 'human', 'task:<task id>' or 'agent:<agent name>'.",
        minLength: 1,
        maxLength: 200,
      },
      subject: { type: 'string', minLength: 1, maxLength: 200 },
      body: { type: 'string', minLength: 1, maxLength: 20_000 },
      needs_answer: { type: 'boolean', description: 'Default false.' },
    },
    ['to', 'subject', 'body'],
  ),
  where: 'store',
  readOnly: false,
} as const satisfies ToolDefinition;

export const MAIL_LIST_INBOX = {
  name: 'mail_list_inbox',
  description:
    'List your mail, newest first: id, sender, subject, kind, whether it was read and whether it waits for an answer.',
  input: objectOf({ unread_only: { type: 'boolean', description: 'Default false.' } }, []),
  where: 'store',
  readOnly: true,
} as const satisfies ToolDefinition;

export const MAIL_READ = {
  name: 'mail_read',
  description: 'Read one of your mails.',
  input: objectOf({ mail_id: { type: 'string', minLength: 1, maxLength: 64 } }, ['mail_id']),
  where: 'store',
  // Marks the mail as read, which a repeat does not change.
  readOnly: true,
} as const satisfies ToolDefinition;

export const MAIL_REPLY = {
  name: 'mail_reply',
  description: 'Answer a mail. A question can be answered once.',
  input: objectOf(
    {
      mail_id: { type: 'string', minLength: 1, maxLength: 64 },
      body: { type: 'string', minLength: 1, maxLength: 20_000 },
    },
    ['mail_id', 'body'],
  ),
  where: 'store',
  readOnly: false,
} as const satisfies ToolDefinition;

const summary = {
  type: 'string',
  description: 'What was done and why, in a few sentences. It becomes the commit message.',
  minLength: 1,
  maxLength: 4000,
} as const;

export const TASK_COMPLETE = {
  name: 'task_complete',
  description: 'Say that the work is done. Checks run after it; if they fail you are asked to repair.',
  input: objectOf({ summary }, ['summary']),
  where: 'store',
  readOnly: false,
} as const satisfies ToolDefinition;

/** Where there are files, they are looked at first, so it runs where they are. */
export const WORK_COMPLETE = { ...TASK_COMPLETE, where: 'host', readOnly: true } as const satisfies ToolDefinition;

/** Planning ends with a plan. The same tool name: an agent ends every run in one way. */
export const PLAN_COMPLETE = {
  ...TASK_COMPLETE,
  description: 'Hand in the plan. It is validated; mistakes come back to be repaired.',
  input: objectOf({ summary: { ...summary, description: 'The plan in a few sentences.' }, plan: PLAN_SCHEMA }, [
    'summary',
    'plan',
  ]),
} as const satisfies ToolDefinition;

export const TASK_BLOCK = {
  name: 'task_block',
  description: 'Give up for now: the task cannot be done without help. Say what is missing and who could give it.',
  input: objectOf({ reason: { type: 'string', minLength: 1, maxLength: 4000 } }, ['reason']),
  where: 'store',
  readOnly: false,
} as const satisfies ToolDefinition;

import { markedData } from '../../../domain/prompt-data.js';
import type { Queryable } from '../../../infra/pg/statement.js';
import {
  findMail,
  insertMail,
  isSame,
  listInbox,
  type MailRow,
  markAnswered,
  markRead,
  type NewMail,
  notifyOfMail,
} from '../../mail/mail.repository.js';
import { wakeReaders } from '../../mail/wake.js';
import { answererOf, dueOf } from '../../mail/who-answers.js';
import type { AgentRun } from '../../store/agent-run.repository.js';
import { mailBlock } from '../turn-request.js';
import { inboxesOf, receiverOf, senderOf, waiterOf } from './mail-addresses.js';
import { callUuid, isSet, type StoreTool, type StoreToolCall, textField } from './store-tool.js';
import { ToolError } from './tool-error.js';

const INBOX_LIMIT = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const ownersOf = ({
  projectId,
  epicId,
  taskId,
  runId,
}: AgentRun): Pick<NewMail, 'projectId' | 'epicId' | 'taskId' | 'runId'> => ({
  projectId,
  runId,
  ...(epicId === null ? {} : { epicId }),
  ...(taskId === null ? {} : { taskId }),
});

export const mailSend: StoreTool = {
  async run(call, tx) {
    const { run } = call;
    const named = await receiverOf(tx, run, textField(call, 'to'));
    const id = callUuid(call);
    const needsAnswer = isSet(call, 'needs_answer');
    const from = senderOf(run);
    const to = needsAnswer ? await answererOf(tx, { ...ownersOf(run), from, to: named }) : named;
    const isNew = await insertMail(tx, {
      id,
      from,
      to,
      subject: textField(call, 'subject'),
      body: textField(call, 'body'),
      kind: needsAnswer ? 'question' : 'message',
      needsAnswer,
      ...ownersOf(run),
      ...(needsAnswer ? { waiterWorkflowId: waiterOf(run), ...dueOf(to) } : {}),
    });
    if (isNew) await wakeReaders(tx, { mailId: id, projectId: run.projectId, to, fromRunId: run.runId });
    if (!needsAnswer) return `Sent as mail ${id}.`;
    const instead = isSame(to, named) ? '' : ` to a person: nobody can answer at ${named.kind}:${named.id}`;
    return `Sent as mail ${id}${instead}. You sleep after this turn until the answer arrives.`;
  },
  /** A question puts its asker to sleep; any other mail changes nothing for the run. */
  async effectOf(call, db) {
    if (!isSet(call, 'needs_answer')) return undefined;
    const mailId = callUuid(call);
    const [mail] = await findMail(db, [mailId]);
    return { kind: 'asked', mailId, of: mail?.to.kind === 'human' ? 'human' : textField(call, 'to') };
  },
};

/** One of the run's own mails. Somebody else's is as good as none. @throws ToolError RESOURCE_NOT_FOUND */
async function ownMail(db: Queryable, call: StoreToolCall): Promise<MailRow> {
  const id = textField(call, 'mail_id');
  const [mail] = UUID.test(id) ? await findMail(db, [id]) : [];
  if (!mail || !inboxesOf(call.run).some((inbox) => isSame(inbox, mail.to))) {
    throw new ToolError('RESOURCE_NOT_FOUND', `You have no mail with the id ${id}.`);
  }
  return mail;
}

const statusOf = ({ readAt, needsAnswer, answeredAt }: MailRow): string => {
  const read = readAt === null ? 'unread' : 'read';
  return needsAnswer ? `${read}, ${answeredAt === null ? 'waits for an answer' : 'answered'}` : read;
};

export const mailListInbox: StoreTool = {
  async run({ run, ...call }, tx) {
    const onlyUnread = call.input.unread_only === true;
    const mails: MailRow[] = [];
    for (const inbox of inboxesOf(run)) mails.push(...(await listInbox(tx, inbox, onlyUnread, INBOX_LIMIT)));
    mails.sort((a, b) => (a.id < b.id ? 1 : -1));
    if (mails.length === 0) return 'No mail.';
    const lines = mails
      .slice(0, INBOX_LIMIT)
      .map(
        (mail) =>
          `${mail.id} | ${mail.kind} | ${statusOf(mail)} | from ${mail.from.kind} ${mail.from.id} | ${mail.subject}`,
      );
    return markedData({ origin: 'mailbox', author: 'several', text: lines.join('\n') });
  },
};

export const mailRead: StoreTool = {
  async run(call, tx) {
    const mail = await ownMail(tx, call);
    await markRead(tx, [mail.id]);
    return mailBlock(mail);
  },
};

export const mailReply: StoreTool = {
  async run(call, tx) {
    const { run } = call;
    const mail = await ownMail(tx, call);
    const { from } = mail;
    if (from.kind === 'system') throw new ToolError('INVALID_STATE', 'Nobody reads answers to this mail.');
    const id = callUuid(call);
    if (mail.needsAnswer && !(await markAnswered(tx, mail.id, id))) {
      throw new ToolError('INVALID_STATE', 'This question was answered already.');
    }
    const isNew = await insertMail(tx, {
      id,
      threadId: mail.threadId,
      inReplyTo: mail.id,
      from: senderOf(run),
      to: { kind: from.kind, id: from.id },
      subject: mail.subject.startsWith('Re: ') ? mail.subject : `Re: ${mail.subject}`,
      body: textField(call, 'body'),
      kind: 'message',
      needsAnswer: false,
      ...ownersOf(run),
    });
    if (!isNew) return `Sent as mail ${id}.`;
    // The asker waits in a workflow of its own; any other mail reaches the address.
    if (mail.waiterWorkflowId !== null) await notifyOfMail(tx, { mailId: id, answers: mail.id }, mail.waiterWorkflowId);
    else await wakeReaders(tx, { mailId: id, projectId: run.projectId, to: from, fromRunId: run.runId });
    return `Sent as mail ${id}.`;
  },
};

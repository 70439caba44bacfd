import { markedData } from '../../domain/prompt-data.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { findMail, type MailRow, markRead } from '../mail/mail.repository.js';
import { type EncodedBlocks, encodeBlocks, NO_BLOCKS } from './transcripts/encode.js';

const CUT_NOTE = 'Your last reply was cut at its token limit. Go on with shorter replies and smaller edits.';

/** A mail as the agent reads it: whatever it says is data, whoever wrote it. */
export const mailBlock = (mail: MailRow): string =>
  markedData({
    origin: 'mail',
    author: `${mail.from.kind} ${mail.from.id}`,
    facts: {
      id: mail.id,
      kind: mail.kind,
      ...(mail.needsAnswer ? { 'needs-answer': 'yes' } : {}),
      ...(mail.inReplyTo === null ? {} : { 'in-reply-to': mail.inReplyTo }),
      subject: mail.subject,
    },
    text: mail.body,
  });

export interface Addition {
  readonly mailIds: readonly string[];
  /** Facts of ours, in our words. */
  readonly notes: readonly string[];
  readonly wasCut: boolean;
}

/** What a turn adds to the conversation: mail first, then notes. Reading the mail here marks it as read. */
export async function additionBlocks(db: Queryable, { mailIds, notes, wasCut }: Addition): Promise<EncodedBlocks> {
  const mail = mailIds.length === 0 ? [] : await findMail(db, mailIds);
  if (mail.length > 0) await markRead(db, mailIds);
  const texts = [...mail.map((each) => `You have mail.\n${mailBlock(each)}`), ...(wasCut ? [CUT_NOTE] : []), ...notes];
  return texts.length === 0 ? NO_BLOCKS : encodeBlocks(texts.map((text) => ({ type: 'text', text })));
}

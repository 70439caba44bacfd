import type { Pools } from '../../infra/pg/pools.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { MailActivities } from '../../workflows/contract/activities/mail.js';
import { mailAdmins } from './admins.js';
import { mailCommands } from './commands.js';
import { handOnMail } from './hand-on.js';
import { insertMail } from './mail.repository.js';
import { type MailText, mailText } from './templates.js';
import { wakeReaders } from './wake.js';
import { answererOf } from './who-answers.js';

export const createMailActivities = ({ pools }: { readonly pools: Pools }): MailActivities => ({
  async sendMail(input) {
    const text = mailText(input.template);
    const forPeople = withCommands(text, mailCommands(input));
    const { waiterWorkflowId } = input;
    await withTransaction(pools.writes, async (tx) => {
      const mail = {
        ...text,
        id: input.mailId,
        from: input.from,
        needsAnswer: waiterWorkflowId !== undefined,
        projectId: input.projectId,
        ...(input.epicId === undefined ? {} : { epicId: input.epicId }),
        ...(input.taskId === undefined ? {} : { taskId: input.taskId }),
        ...(input.runId === undefined ? {} : { runId: input.runId }),
        ...(waiterWorkflowId === undefined ? {} : { waiterWorkflowId }),
      };
      if (input.to.kind === 'admins') return mailAdmins(tx, { ...mail, ...forPeople });
      const to = mail.needsAnswer ? await answererOf(tx, { ...mail, to: input.to }) : input.to;
      const isNew = await insertMail(tx, { ...mail, ...(to.kind === 'human' ? forPeople : {}), to });
      if (isNew) await wakeReaders(tx, { mailId: mail.id, projectId: mail.projectId, to });
    });
  },

  async handOnMail(input) {
    await withTransaction(pools.writes, (tx) => handOnMail(tx, input));
  },
});

const withCommands = (text: MailText, commands: readonly string[]): MailText =>
  commands.length === 0
    ? text
    : { ...text, body: `${text.body}\n\n${commands.map((line) => `    ${line}`).join('\n')}` };

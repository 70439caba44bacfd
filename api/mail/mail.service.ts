import { Inject, Injectable } from '@nestjs/common';
import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failures.js';
import { recordHumanAct } from '../../infra/pg/audit.js';
import { findLiveRuns } from '../../infra/pg/live-runs.js';
import { insertOutbox } from '../../infra/pg/outbox.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Tx } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { epicWorkflowId, runWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import { type MailMessage, mailSignal } from '../../workflows/contract/messages.js';
import type { Caller } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';
import { EpicRepository } from '../epics/epic.repository.js';
import { openCursor, toPage } from '../http/cursor.js';
import { recordAnswer } from '../http/idempotency.repository.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { TaskRepository } from '../tasks/task.repository.js';
import type { ListMailQuery, ReplyDto, SendMailDto } from './mail.dto.js';
import { type AddresseeKind, MailRepository, type MailRow, type NewMail } from './mail.repository.js';
import { type MailPage, type MailResponse, toMailResponse } from './mail.response.js';

type Subject = Pick<NewMail, 'projectId' | 'epicId' | 'taskId'>;

@Injectable()
export class MailService {
  constructor(
    @Inject(POOLS) private readonly pools: Pools,
    private readonly mail: MailRepository,
    private readonly projects: ProjectRepository,
    private readonly epics: EpicRepository,
    private readonly tasks: TaskRepository,
  ) {}

  async list(query: ListMailQuery, caller: Caller): Promise<MailPage> {
    const { limit, cursor, toKind, toId, projectId, epicId, taskId, threadId, kind, waiting, unread } = query;
    const filters = { toKind, toId, projectId, epicId, taskId, threadId, kind, waiting, unread };
    const question = { list: 'mail', filters };
    const rows = await this.mail.list({
      scope: caller.scope,
      toKind: toKind ?? null,
      toId: toId ?? null,
      projectId: projectId ?? null,
      epicId: epicId ?? null,
      taskId: taskId ?? null,
      threadId: threadId ?? null,
      kind: kind ?? null,
      waiting: waiting ?? false,
      unread: unread ?? false,
      before: openCursor(caller, question, cursor) ?? null,
      limit: limit + 1,
    });
    return toPage({ rows, limit, question, caller, positionOf: ({ id }) => id, toItem: toMailResponse });
  }

  async get(id: string, caller: Caller): Promise<MailResponse> {
    return toMailResponse(await this.mail.get(id, caller.scope));
  }

  async markRead(id: string, caller: Caller): Promise<MailResponse> {
    return toMailResponse(await this.mail.markRead(id, caller.scope));
  }

  /** The first answer to a question counts and wakes who waits for it; a second is told so by `Conflict`. */
  async reply(id: string, dto: ReplyDto, caller: Caller): Promise<MailResponse> {
    return withTransaction(this.pools.writes, async (tx) => {
      const question = await this.mail.get(id, caller.scope, tx);
      const answerId = uuidv7();
      if (question.needsAnswer && !(await this.mail.claimAnswer(tx, id, answerId))) {
        throw new Failure('Conflict', 'The question has been answered already.', { id });
      }
      const answer = await this.mail.insert(tx, {
        id: answerId,
        threadId: question.threadId,
        inReplyTo: id,
        fromId: caller.by,
        ...addresseeOfReply(question),
        subject: /^re: /i.test(question.subject) ? question.subject : `Re: ${question.subject}`,
        body: dto.body,
        projectId: question.projectId,
        epicId: question.epicId,
        taskId: question.taskId,
        runId: question.runId,
      });
      await this.wake(tx, answer, question);
      return this.finish(tx, answer, caller, `Answered: ${question.subject}`);
    });
  }

  async send(dto: SendMailDto, caller: Caller): Promise<MailResponse> {
    return withTransaction(this.pools.writes, async (tx) => {
      const subject = await this.subjectOf(tx, dto, caller);
      const id = uuidv7();
      const sent = await this.mail.insert(tx, {
        id,
        threadId: id,
        inReplyTo: null,
        fromId: caller.by,
        toKind: dto.to.kind,
        toId: dto.to.id,
        subject: dto.subject,
        body: dto.body,
        ...subject,
        runId: null,
      });
      await this.wake(tx, sent);
      return this.finish(tx, sent, caller, `Wrote: ${dto.subject}`);
    });
  }

  /** What the mail is about: its addressee's own epic and task, checked to be the caller's to see. */
  private async subjectOf(tx: Tx, { to, projectId }: SendMailDto, caller: Caller): Promise<Subject> {
    if (to.kind === 'task' || to.kind === 'epic') {
      if (!isUuid(to.id)) throw new Failure('InvalidInput', `to.id must be the UUID of the ${to.kind}.`);
      if (to.kind === 'epic') {
        const epic = await this.epics.get(to.id, caller.scope, tx);
        return { projectId: epic.projectId, epicId: epic.id, taskId: null };
      }
      const task = await this.tasks.get(to.id, caller.scope, tx);
      return { projectId: task.projectId, epicId: task.epicId, taskId: task.id };
    }
    if (projectId === undefined) throw new Failure('InvalidInput', `projectId is needed for mail to ${to.kind}s.`);
    const project = await this.projects.get(projectId, caller.scope, tx);
    if (to.kind === 'agent' && !(await this.mail.isAgent(tx, to.id))) {
      throw new Failure('InvalidInput', `There is no agent named ${to.id}.`, { field: 'to.id' });
    }
    return { projectId: project.id, epicId: null, taskId: null };
  }

  /** Tells the workflow that waits for the answer, or else those that the mail is for. */
  private async wake(tx: Tx, mail: MailRow, question?: MailRow): Promise<void> {
    const input: MailMessage =
      question === undefined || !question.needsAnswer ? { mailId: mail.id } : { mailId: mail.id, answers: question.id };
    for (const workflowId of await this.waitersOf(tx, mail, question)) {
      await insertOutbox(tx, { kind: 'signal', workflowId, name: mailSignal.name, input });
    }
  }

  private async waitersOf(tx: Tx, mail: MailRow, question?: MailRow): Promise<readonly string[]> {
    if (question?.needsAnswer && question.waiterWorkflowId !== null) return [question.waiterWorkflowId];
    switch (mail.toKind) {
      case 'epic':
        return [epicWorkflowId(mail.toId)];
      case 'task':
        return [taskWorkflowId(mail.toId)];
      case 'agent':
        return (await findLiveRuns(tx, mail.toId, mail.projectId)).map(runWorkflowId);
      case 'human':
        return [];
    }
  }

  private async finish(tx: Tx, mail: MailRow, caller: Caller, title: string): Promise<MailResponse> {
    const response = toMailResponse(mail);
    const to = `${mail.toKind}/${mail.toId}`;
    await recordAnswer(tx, caller, 201, response);
    await recordHumanAct(tx, caller, {
      projectId: mail.projectId,
      ...(mail.epicId === null ? {} : { epicId: mail.epicId }),
      ...(mail.taskId === null ? {} : { taskId: mail.taskId }),
      ...(mail.runId === null ? {} : { runId: mail.runId }),
      what: mail.inReplyTo === null ? 'mail.send' : 'mail.reply',
      object: `mail/${mail.id}`,
      title,
      after: mail,
      event: {
        type: 'mail.sent',
        data: {
          mailId: mail.id,
          kind: mail.kind,
          from: `human/${mail.fromId}`,
          to,
          subject: mail.subject,
          needsAnswer: mail.needsAnswer,
          ...(mail.inReplyTo === null ? {} : { inReplyTo: mail.inReplyTo }),
        },
      },
    });
    return response;
  }
}

/** The system has no inbox: an answer to it goes to the task or epic it wrote about, else it stays with people. */
const addresseeOfReply = (question: MailRow): { readonly toKind: AddresseeKind; readonly toId: string } => {
  const { fromKind, fromId, taskId, epicId, toId } = question;
  if (fromKind !== 'system') return { toKind: fromKind, toId: fromId };
  if (taskId !== null) return { toKind: 'task', toId: taskId };
  return epicId === null ? { toKind: 'human', toId } : { toKind: 'epic', toId: epicId };
};

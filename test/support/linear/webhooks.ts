import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomOf } from '../github/random.js';
import type { CommentRecord, IssueRecord } from './records.js';
import { complaintsOfWebhook } from './schema.js';
import { found, type Happening, type LinearWorld } from './world.js';

export interface WebhookOptions {
  readonly url: string;
  readonly secret: string;
  /** Chances from 0 to 1 of each delivery. */
  readonly drop?: number;
  readonly duplicate?: number;
  readonly wrongSignature?: number;
  readonly seed?: number;
  /** What is not answered with 200 comes again, three times, each after this. Default: never. */
  readonly againAfterMs?: number;
}

export interface SentDelivery {
  readonly id: string;
  readonly type: string;
  /** Undefined: it never arrived. */
  readonly status: number | undefined;
}

/** Tells one address of what happens, as Linear does, and as badly as it is told to. */
export class Webhooks {
  readonly deliveries: SentDelivery[] = [];
  /** What the published types refuse. */
  readonly complaints: string[] = [];
  private options: WebhookOptions | undefined;
  private random = randomOf(1);
  private readonly open = new Set<Promise<void>>();
  private readonly webhookId = randomUUID();

  configure(options: WebhookOptions | undefined): void {
    this.options = options;
    this.random = randomOf(options?.seed ?? 1);
  }

  tell(world: LinearWorld, happening: Happening): void {
    const body = {
      action: happening.action,
      type: happening.kind,
      createdAt: new Date().toISOString(),
      organizationId: world.organizationId,
      webhookId: this.webhookId,
      webhookTimestamp: Date.now(),
      data: happening.kind === 'Issue' ? issueData(world, happening.issue) : commentData(world, happening.comment),
    };
    this.complaints.push(...complaintsOfWebhook(body));
    const { options } = this;
    if (options === undefined) return;
    const happens = (chance = 0): boolean => this.random() < chance;
    const isDropped = happens(options.drop);
    const times = happens(options.duplicate) ? 2 : 1;
    const isForged = happens(options.wrongSignature);
    const id = randomUUID();
    if (isDropped) this.deliveries.push({ id, type: happening.kind, status: undefined });
    else for (let i = 0; i < times; i++) this.track(this.deliver({ id, type: happening.kind, body, isForged }));
  }

  /** Until everything that was sent is answered. */
  async settled(): Promise<void> {
    while (this.open.size > 0) await Promise.all(this.open);
    await sleep(0);
  }

  private track(sending: Promise<void>): void {
    const tracked = sending.finally(() => this.open.delete(tracked));
    this.open.add(tracked);
  }

  private async deliver(delivery: Delivery): Promise<void> {
    for (let again = 0; again <= MOST_AGAIN; again++) {
      const { options } = this;
      if (options === undefined || (await this.send(options, delivery)) === 200) return;
      if (options.againAfterMs === undefined) return;
      await sleep(options.againAfterMs);
    }
  }

  /** To where it is told to now, as of now: the time is part of what is signed. */
  private async send(
    { url, secret }: WebhookOptions,
    { id, type, ...delivery }: Delivery,
  ): Promise<number | undefined> {
    const body = JSON.stringify({ ...delivery.body, webhookTimestamp: Date.now() });
    const key = delivery.isForged ? 'another' : secret;
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'linear-delivery': id,
      'linear-event': type,
      'linear-signature': createHmac('sha256', key).update(body).digest('hex'),
      'user-agent': 'Linear-Webhook',
    };
    // Where nobody listens; what was lost is looked up.
    const reply = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
    this.deliveries.push({ id, type, status: reply?.status });
    return reply?.status;
  }
}

const MOST_AGAIN = 3;

interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly body: object;
  readonly isForged: boolean;
}

function issueData(world: LinearWorld, issue: IssueRecord): object {
  const { id: teamId, key, name } = found(world.teams.get(issue.teamId), 'team');
  const state = world.state(issue.stateId);
  const { id, identifier, title, description, number, createdAt, updatedAt, trashed, by } = issue;
  return {
    ...{ id, identifier, title, description, number, createdAt, updatedAt, trashed, teamId, stateId: issue.stateId },
    ...{ priority: 0, priorityLabel: 'No priority', prioritySortOrder: 0, sortOrder: 0, reactionData: [] },
    ...{ labelIds: issue.labels, previousIdentifiers: [], subscriberIds: [], releases: [] },
    url: `https://linear.app/acme/issue/${identifier}`,
    creatorId: by.userId,
    labels: issue.labels.map((label) => ({ id: label, name: label, color: '#000000' })),
    state: { id: state.id, name: state.name, type: state.type, color: '#000000' },
    team: { id: teamId, key, name },
  };
}

function commentData(world: LinearWorld, comment: CommentRecord): object {
  const { id: issueId, identifier, title, teamId } = found(world.issues.get(comment.issueId), 'issue');
  const { key, name } = found(world.teams.get(teamId), 'team');
  const { id, body, createdAt, updatedAt, by } = comment;
  const issue = {
    id: issueId,
    identifier,
    title,
    teamId,
    team: { id: teamId, key, name },
    url: `https://linear.app/acme/issue/${identifier}`,
  };
  return { id, body, createdAt, updatedAt, issueId, issue, userId: by.userId, reactionData: [] };
}

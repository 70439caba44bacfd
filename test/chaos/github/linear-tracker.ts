import type { IssueRecord } from '../../support/linear/records.js';
import { type Linear, startLinear } from '../../support/linear/start.js';
import type { WebhookOptions } from '../../support/linear/webhooks.js';
import type { CaseRun } from '../case.js';
import { TITLES } from './scenario.js';
import type { Tracker } from './tracker.js';

const SECRETS = { client: 'k3linear0of9chaos4alone7client', webhook: 'w8linear2of6chaos1alone9events' };

/** A Linear with state, whose team ENG a project takes issues from; an application of its own speaks there. */
export class LinearTracker implements Tracker {
  readonly project = { linearTeam: 'ENG' };
  readonly variables: NodeJS.ProcessEnv;
  private issue: IssueRecord | undefined;

  private constructor(readonly linear: Linear) {
    this.variables = {
      LINEAR_API_URL: linear.url,
      LINEAR_CLIENT_ID: 'chaos',
      LINEAR_CLIENT_SECRET: SECRETS.client,
      LINEAR_WEBHOOK_SECRET: SECRETS.webhook,
    };
  }

  static async open(run: CaseRun): Promise<LinearTracker> {
    const linear = await startLinear();
    run.atEnd(() => linear.close());
    linear.world.addUser('rita', { teams: ['ENG'] });
    linear.oauth.register(linear.world.addUser('millwright', { app: true }), 'chaos', SECRETS.client);
    return new LinearTracker(linear);
  }

  /** Tokens too: those of Linear are kept in memory alone. */
  get secrets(): readonly string[] {
    return [...Object.values(SECRETS), ...this.linear.oauth.tokens];
  }

  sendEvents(url: string, trouble: Partial<WebhookOptions> = {}): void {
    this.linear.webhooks.configure({ url: `${url}/webhooks/linear`, secret: SECRETS.webhook, ...trouble });
  }

  fileIssue(): void {
    const { people } = this.linear;
    this.issue = people.openIssue({ by: 'rita', title: TITLES.elsewhere, body: 'Some of them.' });
    people.label(this.issue, 'millwright', 'rita');
  }

  get isIssueDone(): boolean {
    return this.issue !== undefined && this.linear.world.state(this.issue.stateId).type === 'completed';
  }

  /** By Linear's own record alone. */
  complaints(): readonly string[] {
    const { world, webhooks } = this.linear;
    const moves = this.issue?.history.filter(({ toStateId }) => toStateId !== undefined) ?? [];
    const types = moves.map(({ toStateId = '' }) => world.state(toStateId).type);
    const bodies = [...world.comments.values()].map(({ body }) => body);
    const done = bodies.filter((body) => body.includes('this issue is done') && body.includes('Landed:'));
    const refused = webhooks.deliveries.filter(({ status }) => status !== undefined && status !== 200);
    return [
      ...(types.join() === 'started,completed' ? [] : [`the issue went ${types.join(', ')}`]),
      ...(done.length === 1 && bodies.length === 1 ? [] : [`${done.length} of ${bodies.length} comments tell the end`]),
      ...refused.map(({ type, status }) => `a delivery of ${type} was answered ${status}`),
    ];
  }
}

import type { CommentRecord, Doer, IssueRecord, StateType } from './records.js';
import { found, type LinearWorld } from './world.js';

/** A member by display name; `bot:x`, `bot:x as <member>` and `external:x` are none. */
type Who = string;

/** What people and their integrations do in Linear, past all rules of its API. */
export class People {
  constructor(private readonly world: LinearWorld) {}

  openIssue({
    team = 'ENG',
    title = 'Sell socks',
    body = 'In two colours.',
    by,
    labels = [],
  }: {
    readonly team?: string;
    readonly title?: string;
    readonly body?: string;
    readonly by: Who;
    readonly labels?: readonly string[];
  }): IssueRecord {
    return this.world.openIssue(this.doer(by), this.world.team(team), {
      title,
      description: body,
      labels: [...labels],
    });
  }

  label(issue: IssueRecord, label: string, by: Who): void {
    this.world.change(issue, this.doer(by), { labels: [...issue.labels, label] });
  }

  unlabel(issue: IssueRecord, label: string, by: Who): void {
    this.world.change(issue, this.doer(by), { labels: issue.labels.filter((name) => name !== label) });
  }

  edit(issue: IssueRecord, { title, body }: { readonly title?: string; readonly body?: string }, by: Who): void {
    this.world.change(issue, this.doer(by), {
      ...(title === undefined ? {} : { title }),
      ...(body === undefined ? {} : { description: body }),
    });
  }

  move(issue: IssueRecord, type: StateType, by: Who): void {
    const { states } = found(this.world.teams.get(issue.teamId), 'team');
    this.world.change(issue, this.doer(by), {
      stateId: found(
        states.find((state) => state.type === type),
        type,
      ).id,
    });
  }

  /** Its name is another from then on. */
  moveToTeam(issue: IssueRecord, key: string, by: Who): void {
    const team = this.world.team(key);
    const type = this.world.state(issue.stateId).type;
    team.issues += 1;
    issue.identifier = `${key}-${team.issues}`;
    const state = found(
      team.states.find((one) => one.type === type),
      type,
    );
    this.world.change(issue, this.doer(by), { teamId: team.id, stateId: state.id });
  }

  trash(issue: IssueRecord, by: Who): void {
    this.world.change(issue, this.doer(by), { trashed: true });
  }

  comment(issue: IssueRecord, body: string, by: Who): CommentRecord {
    return this.world.addComment(this.doer(by), issue.id, body);
  }

  editComment(comment: CommentRecord, body: string): void {
    this.world.editComment(comment, body);
  }

  deleteComment(comment: CommentRecord): void {
    this.world.deleteComment(comment);
  }

  private doer(who: Who): Doer {
    const [, kind, name = ''] = /^(bot|external):(.*)$/.exec(who) ?? [];
    const [, bot, member] = /^(\w+) as (\w+)$/.exec(name) ?? [];
    if (kind === 'bot' && bot !== undefined && member !== undefined)
      return { userId: this.world.user(member).id, bot, external: null };
    if (kind === 'bot') return { userId: null, bot: name, external: null };
    if (kind === 'external') return { userId: null, bot: null, external: name };
    return { userId: this.world.user(who).id, bot: null, external: null };
  }
}

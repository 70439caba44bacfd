import { matches, type PageArguments, pageOf, wholePage } from './filter.js';
import type { CommentRecord, Doer, HistoryRecord, IssueRecord, TeamRecord, UserRecord } from './records.js';
import { found, type LinearWorld } from './world.js';

/** What GraphQL reads of our records; a field that nobody asks for costs nothing. */
export class Views {
  constructor(private readonly world: LinearWorld) {}

  user = ({ teams, ...user }: UserRecord) => ({
    ...user,
    email: `${user.displayName}@acme.example`,
    isMe: false,
    organization: { id: this.world.organizationId, name: 'Acme', urlKey: 'acme' },
    teamMemberships: () => wholePage([...teams].map((id) => ({ id, team: () => this.teamById(id) }))),
  });

  team = ({ states, ...team }: TeamRecord) => ({
    ...team,
    states: () => wholePage(states),
  });

  issue = (issue: IssueRecord): object => ({
    ...issue,
    ...this.doers(issue.by, 'creator', 'externalUserCreator'),
    url: this.url(issue),
    labels: () => wholePage(issue.labels.map((name) => ({ id: name, name }))),
    state: () => this.world.state(issue.stateId),
    team: () => this.teamById(issue.teamId),
    comments: (page: PageArguments) =>
      this.pageOfComments(
        [...this.world.comments.values()].filter(({ issueId }) => issueId === issue.id),
        page,
      ),
    attachments: () => wholePage(this.world.attachments.filter(({ issueId }) => issueId === issue.id)),
    history: (page: PageArguments) => {
      const { nodes, pageInfo } = pageOf(issue.history, page);
      return { nodes: nodes.map((entry) => this.entry(entry)), pageInfo };
    },
  });

  comment = (comment: CommentRecord): object => ({
    ...comment,
    ...this.doers(comment.by, 'user', 'externalUser'),
    url: `${this.url(this.issueOf(comment))}#comment-${comment.id.slice(0, 8)}`,
    issue: () => this.issue(this.issueOf(comment)),
    reactions: comment.reactions.map(({ id, emoji, userId }) => ({ id, emoji, user: () => this.userById(userId) })),
  });

  listIssues({ filter = {}, ...page }: PageArguments & { readonly filter?: object }, user: UserRecord) {
    const fits = ({ id, teamId, labels, title, updatedAt, createdAt }: IssueRecord): boolean => {
      const team = found(this.world.teams.get(teamId), 'team');
      const facts = {
        id,
        title,
        updatedAt,
        createdAt,
        team: { id: teamId, key: team.key },
        labels: labels.map((name) => ({ name })),
      };
      return isShown(team, user) && matches(facts, filter);
    };
    const { nodes, pageInfo } = pageOf([...this.world.issues.values()].filter(fits), page);
    return { nodes: nodes.map((issue) => this.issue(issue)), pageInfo };
  }

  listComments({ filter = {}, ...page }: PageArguments & { readonly filter?: object }) {
    const fits = (comment: CommentRecord): boolean => {
      const { id, teamId } = this.issueOf(comment);
      const { updatedAt, createdAt, body } = comment;
      return matches({ updatedAt, createdAt, body, issue: { id, team: { id: teamId } } }, filter);
    };
    return this.pageOfComments([...this.world.comments.values()].filter(fits), page);
  }

  listLabels({ filter = {} }: { readonly filter?: object }) {
    const found = this.world.labels.filter(({ name }) => matches({ name }, filter));
    return wholePage(
      found.map(({ name, teamId }) => ({ id: name, name, team: () => (teamId ? this.teamById(teamId) : null) })),
    );
  }

  listWebhooks() {
    return wholePage(
      this.world.webhooks.map(({ teamId, ...webhook }) => ({
        ...webhook,
        team: () => (teamId ? this.teamById(teamId) : null),
      })),
    );
  }

  listTeams({ filter = {} }: { readonly filter?: object }, user: UserRecord) {
    const fits = (team: TeamRecord): boolean => isShown(team, user) && matches(namesOf(team), filter);
    return wholePage([...this.world.teams.values()].filter(fits).map((team) => this.team(team)));
  }

  url = ({ identifier }: IssueRecord): string => `https://linear.app/acme/issue/${identifier}`;

  private pageOfComments(comments: readonly CommentRecord[], page: PageArguments) {
    const { nodes, pageInfo } = pageOf(comments, page);
    return { nodes: nodes.map((comment) => this.comment(comment)), pageInfo };
  }

  private entry({ by, addedLabels, toStateId, ...entry }: HistoryRecord): object {
    return {
      ...entry,
      ...this.doers(by, 'actor', 'none'),
      addedLabels: addedLabels?.map((name) => ({ id: name, name })) ?? null,
      toState: () => (toStateId === undefined ? null : this.world.state(toStateId)),
    };
  }

  private doers({ userId, bot, external }: Doer, member: string, outside: string): object {
    return {
      [member]: () => (userId === null ? null : this.userById(userId)),
      [outside]: external === null ? null : { id: external, name: external, displayName: external },
      botActor: bot === null ? null : { id: null, type: 'integration', name: bot },
    };
  }

  private readonly userById = (id: string): object => this.user(found(this.world.users.get(id), 'user'));
  private readonly teamById = (id: string): object => this.team(found(this.world.teams.get(id), 'team'));
  private readonly issueOf = ({ issueId }: CommentRecord): IssueRecord =>
    found(this.world.issues.get(issueId), 'issue');
}

const namesOf = ({ id, key, name }: TeamRecord) => ({ id, key, name });

/** A private team is its members' alone. */
export const isShown = ({ id, isPrivate }: TeamRecord, { teams }: UserRecord): boolean => !isPrivate || teams.has(id);

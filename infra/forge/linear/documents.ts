import { mutation, query } from './document.js';
import type {
  CommentNode,
  HistoryNode,
  IssueNode,
  Page,
  ReactionNode,
  StateNode,
  TeamNode,
  UserNode,
} from './nodes.js';

/** The most that one answer lists: Linear charges for what is asked for, whether it is there or not. */
export const PAGE = 50;

const PERSON = `id displayName`;

const ISSUE = `
  id identifier url title description createdAt updatedAt trashed
  team { id }
  state { type }
  labels(first: 30) { nodes { name } }
  creator { ${PERSON} }
  botActor { name }
  externalUserCreator { displayName }`;

const COMMENT = `
  id body updatedAt
  issue { id }
  user { ${PERSON} }
  botActor { name }
  externalUser { displayName }`;

const PAGE_INFO = `pageInfo { hasNextPage endCursor }`;

/** Who the key belongs to. */
export const VIEWER = query<{ readonly viewer: { readonly id: string; readonly app: boolean } }, Record<never, never>>(
  `query Viewer { viewer { id app } }`,
);

export const TEAM_BY_KEY = query<{ readonly teams: { readonly nodes: readonly TeamNode[] } }, { readonly key: string }>(
  `query TeamByKey($key: String!) {
    teams(filter: { key: { eqIgnoreCase: $key } }, first: 1) { nodes { id key name } }
  }`,
);

/** The latest change first. The team too: issues of one that we may see no more are none. */
export const ISSUES_SINCE = query<
  { readonly team: Pick<TeamNode, 'id' | 'key'>; readonly issues: Page<IssueNode> },
  {
    readonly team: string;
    readonly teamId: string;
    readonly label: string;
    readonly since: string;
    readonly after: string | null;
  }
>(
  `query IssuesSince($team: ID!, $teamId: String!, $label: String!, $since: DateTimeOrDuration!, $after: String) {
    team(id: $teamId) { id key }
    issues(
      filter: {
        team: { id: { eq: $team } }
        labels: { some: { name: { eqIgnoreCase: $label } } }
        updatedAt: { gte: $since }
      }
      orderBy: updatedAt, first: ${PAGE}, after: $after, includeArchived: true
    ) { nodes { ${ISSUE} } ${PAGE_INFO} }
  }`,
);

/** Of any team: an issue may move. */
export const ISSUES_BY_ID = query<{ readonly issues: Page<IssueNode> }, { readonly ids: readonly string[] }>(
  `query IssuesById($ids: [ID!]) {
    issues(filter: { id: { in: $ids } }, first: ${PAGE}, includeArchived: true) { nodes { ${ISSUE} } ${PAGE_INFO} }
  }`,
);

/** What was done to an issue, the latest first. */
export const HISTORY = query<
  { readonly issue: { readonly updatedAt: string; readonly history: Page<HistoryNode> } },
  { readonly id: string; readonly after: string | null }
>(
  `query History($id: String!, $after: String) {
    issue(id: $id) {
      updatedAt
      history(first: ${PAGE}, after: $after, orderBy: createdAt) {
        nodes {
          createdAt updatedAt updatedDescription toTitle trashed
          actor { ${PERSON} }
          botActor { name }
          addedLabels { name }
          toState { type }
        }
        ${PAGE_INFO}
      }
    }
  }`,
);

export const COMMENT_BY_ID = query<{ readonly comment: CommentNode }, { readonly id: string }>(
  `query CommentById($id: String!) { comment(id: $id) { ${COMMENT} } }`,
);

/** The latest change first. */
export const COMMENTS_SINCE = query<
  { readonly comments: Page<CommentNode> },
  { readonly team: string; readonly since: string; readonly after: string | null }
>(
  `query CommentsSince($team: ID!, $since: DateTimeOrDuration!, $after: String) {
    comments(
      filter: { issue: { team: { id: { eq: $team } } }, updatedAt: { gte: $since } }
      orderBy: updatedAt, first: ${PAGE}, after: $after
    ) { nodes { ${COMMENT} } ${PAGE_INFO} }
  }`,
);

export const USER = query<{ readonly user: UserNode }, { readonly id: string }>(
  `query User($id: String!) {
    user(id: $id) {
      id active app guest admin owner
      teamMemberships(first: 250) { nodes { team { id } } }
    }
  }`,
);

export const REACTIONS = query<
  { readonly comment: { readonly reactions: readonly ReactionNode[] } },
  { readonly id: string }
>(`query Reactions($id: String!) { comment(id: $id) { reactions { emoji user { id } } } }`);

/** Where the issue is, and where its team could put it. */
export const STATES = query<
  {
    readonly issue: {
      readonly state: { readonly type: string };
      readonly team: { readonly states: { readonly nodes: readonly StateNode[] } };
    };
  },
  { readonly id: string }
>(
  `query States($id: String!) {
    issue(id: $id) { state { type } team { states(first: 100) { nodes { id type position } } } }
  }`,
);

interface Done {
  readonly success: boolean;
}

/** The id is ours, so that asking again makes no second one. */
export const CREATE_COMMENT = mutation<
  { readonly commentCreate: Done },
  { readonly id: string; readonly issueId: string; readonly body: string }
>(
  `mutation CreateComment($id: String!, $issueId: String!, $body: String!) {
    commentCreate(input: { id: $id, issueId: $issueId, body: $body, doNotSubscribeToIssue: true }) { success }
  }`,
);

export const EDIT_COMMENT = mutation<{ readonly commentUpdate: Done }, { readonly id: string; readonly body: string }>(
  `mutation EditComment($id: String!, $body: String!) {
    commentUpdate(id: $id, input: { body: $body, doNotSubscribeToIssue: true }, skipEditedAt: true) { success }
  }`,
);

export const REACT = mutation<
  { readonly reactionCreate: Done },
  { readonly commentId: string; readonly emoji: string }
>(
  `mutation React($commentId: String!, $emoji: String!) {
    reactionCreate(input: { commentId: $commentId, emoji: $emoji }) { success }
  }`,
);

/** An issue has one attachment of each address: asking again changes it. */
export const ATTACH = mutation<
  { readonly attachmentCreate: Done },
  { readonly issueId: string; readonly url: string; readonly title: string }
>(
  `mutation Attach($issueId: String!, $url: String!, $title: String!) {
    attachmentCreate(input: { issueId: $issueId, url: $url, title: $title, subtitle: "Millwright" }) { success }
  }`,
);

export const MOVE = mutation<{ readonly issueUpdate: Done }, { readonly id: string; readonly stateId: string }>(
  `mutation Move($id: String!, $stateId: String!) { issueUpdate(id: $id, input: { stateId: $stateId }) { success } }`,
);

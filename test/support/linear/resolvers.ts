import { randomUUID } from 'node:crypto';
import { badInput, forbidden, notFound } from './errors.js';
import type { PageArguments } from './filter.js';
import type { CommentRecord, Doer, IssueRecord, UserRecord } from './records.js';
import { isShown, type Views } from './views.js';
import type { LinearWorld } from './world.js';

export interface Caller {
  readonly user: UserRecord;
}

type Listing = PageArguments & { readonly filter?: object };
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const DONE = { success: true, lastSyncId: 1 };

/** Roots of the published schema's queries and mutations, as far as we and the tests ask. */
export function rootOf(world: LinearWorld, views: Views) {
  const issueBy = (id: string): IssueRecord => {
    const issue = world.issues.get(id) ?? [...world.issues.values()].find(({ identifier }) => identifier === id);
    if (issue === undefined) throw notFound('Issue');
    return issue;
  };
  const commentBy = (id: string): CommentRecord => {
    const comment = world.comments.get(id);
    if (comment === undefined) throw notFound('Comment');
    return comment;
  };
  const as = ({ user }: Caller): Doer => ({ userId: user.id, bot: null, external: null });
  return {
    viewer: (_: object, { user }: Caller) => views.user(user),
    user: ({ id }: { readonly id: string }) => {
      const user = world.users.get(id);
      if (user === undefined) throw notFound('User');
      return views.user(user);
    },
    team: ({ id }: { readonly id: string }, { user }: Caller) => {
      const team = world.teams.get(id);
      if (team === undefined || !isShown(team, user)) throw notFound('Team');
      return views.team(team);
    },
    teams: (listing: Listing, { user }: Caller) => views.listTeams(listing, user),
    issueLabels: (listing: Listing) => views.listLabels(listing),
    webhooks: (_: object, { user }: Caller) => {
      if (!user.admin && !user.owner) throw forbidden();
      return views.listWebhooks();
    },
    issue: ({ id }: { readonly id: string }) => views.issue(issueBy(id)),
    issues: (listing: Listing, { user }: Caller) => views.listIssues(listing, user),
    comment: ({ id }: { readonly id: string }) => views.comment(commentBy(id)),
    comments: (listing: Listing) => views.listComments(listing),

    commentCreate: ({ input }: { readonly input: { id?: string; issueId: string; body: string } }, caller: Caller) => {
      const { id = randomUUID(), issueId, body } = input;
      if (!UUID_V4.test(id)) throw badInput('Argument Validation Error');
      if (world.comments.has(id) || world.deletedComments.has(id))
        throw badInput(`Conflict on insert of Comment: ${id}`);
      const comment = world.addComment(as(caller), issueBy(issueId).id, body, id);
      return { ...DONE, comment: views.comment(comment) };
    },
    commentUpdate: ({ id, input }: { readonly id: string; readonly input: { body: string } }, { user }: Caller) => {
      const comment = commentBy(id);
      if (comment.by.userId !== user.id) throw forbidden();
      world.editComment(comment, input.body);
      return { ...DONE, comment: views.comment(comment) };
    },
    reactionCreate: ({ input }: { readonly input: { commentId: string; emoji: string } }, { user }: Caller) => {
      const { reactions } = commentBy(input.commentId);
      const isThere = reactions.some(({ emoji, userId }) => emoji === input.emoji && userId === user.id);
      if (isThere) throw badInput('Reaction already exists');
      const reaction = { id: randomUUID(), emoji: input.emoji, userId: user.id };
      reactions.push(reaction);
      return { ...DONE, reaction };
    },
    attachmentCreate: ({
      input,
    }: {
      readonly input: { issueId: string; url: string; title: string; subtitle?: string };
    }) => {
      const { id: issueId } = issueBy(input.issueId);
      const { url, title, subtitle = null } = input;
      const known = world.attachments.find((one) => one.issueId === issueId && one.url === url);
      const attachment = known ?? { id: randomUUID(), issueId, url, title, subtitle };
      if (known === undefined) world.attachments.push(attachment);
      Object.assign(attachment, { title, subtitle });
      return { ...DONE, attachment };
    },
    issueUpdate: ({ id, input }: { readonly id: string; readonly input: { stateId: string } }, caller: Caller) => {
      const issue = issueBy(id);
      if (world.state(input.stateId).teamId !== issue.teamId) throw badInput('The state is of another team');
      world.change(issue, as(caller), { stateId: input.stateId });
      return { ...DONE, issue: views.issue(issue) };
    },
  };
}

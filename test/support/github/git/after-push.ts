import { renderPushedCommit } from '../render/commit.js';
import type { Repository } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import { emit } from '../webhooks/emit.js';
import type { World } from '../world.js';
import { closeEmpty, followBase, followHead } from './follow.js';
import { isAncestor, type Refs, readCommits, readRefs, ZERO_SHA } from './read.js';

export interface RefChange {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
}

/** Longer lists of commits are cut, in silence. */
const MOST_COMMITS = 20;

export const branchOf = (ref: string): string | undefined =>
  ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : undefined;

export function changesBetween(before: Refs, after: Refs): readonly RefChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].filter((ref) => !ref.startsWith('refs/pull/'));
  return names
    .map((ref) => ({ ref, before: before.get(ref) ?? ZERO_SHA, after: after.get(ref) ?? ZERO_SHA }))
    .filter((change) => change.before !== change.after);
}

/** Does what GitHub does after branches moved: tells it, moves pull requests, marks the merged ones. */
export async function afterPush(
  world: World,
  repository: Repository,
  changes: readonly RefChange[],
  login: string,
): Promise<void> {
  if (changes.length === 0) return;
  repository.pushedAt = world.clock.at();
  for (const change of changes) await tellPush(world, repository, change, login);
  const branches = changes.flatMap(({ ref, ...shas }) => {
    const branch = branchOf(ref);
    return branch === undefined ? [] : [{ branch, ...shas }];
  });
  for (const moved of branches) await followHead(world, { repository, login }, moved);
  for (const moved of branches) await followBase(world, { repository, login }, moved);
  for (const moved of branches) await closeEmpty(world, { repository, login }, moved);
  for (const listener of world.pushListeners) listener(repository, changes, login);
}

/** Runs what moves refs, alone in its repository, and does what follows from it. */
export async function movingRefs<T>(
  world: World,
  { repository, login }: { readonly repository: Repository; readonly login: string },
  act: () => Promise<T>,
): Promise<T> {
  return inTurn(repository.id, world, async () => {
    const before = await readRefs(repository.directory);
    const result = await act();
    await afterPush(world, repository, changesBetween(before, await readRefs(repository.directory)), login);
    return result;
  });
}

const turns = new WeakMap<World, Map<number, Promise<unknown>>>();

function inTurn<T>(key: number, world: World, act: () => Promise<T>): Promise<T> {
  const ofWorld = turns.get(world) ?? new Map<number, Promise<unknown>>();
  turns.set(world, ofWorld);
  const mine = (ofWorld.get(key) ?? Promise.resolve()).then(act, act);
  // The next one waits for the end of it, whatever that is.
  ofWorld.set(
    key,
    mine.catch(() => undefined),
  );
  return mine;
}

async function tellPush(world: World, repository: Repository, change: RefChange, login: string): Promise<void> {
  const { ref, before, after } = change;
  const { directory } = repository;
  const isCreated = before === ZERO_SHA;
  const isDeleted = after === ZERO_SHA;
  const range = isCreated ? ['-1', after] : [`${before}..${after}`, '-n', String(MOST_COMMITS)];
  const commits = isDeleted ? [] : [...(await readCommits(directory, range))].reverse();
  const shown = await Promise.all(commits.map((commit) => renderPushedCommit(world, repository, commit)));
  const [head] = isDeleted ? [] : await readCommits(directory, ['-1', after]);
  const shared = { repository, login };
  const named = { ref: branchOf(ref) ?? ref.replace('refs/tags/', ''), ref_type: branchOf(ref) ? 'branch' : 'tag' };
  if (isCreated) {
    const fields = { ...named, master_branch: repository.defaultBranch, description: null, pusher_type: 'user' };
    emit(world, { event: 'create', ...shared, fields });
  }
  if (isDeleted) emit(world, { event: 'delete', ...shared, fields: { ...named, pusher_type: 'user' } });
  emit(world, {
    event: 'push',
    ...shared,
    fields: {
      ref,
      before,
      after,
      created: isCreated,
      deleted: isDeleted,
      forced: !isCreated && !isDeleted && !(await isAncestor(directory, before, after)),
      base_ref: null,
      compare: `${world.urls.web}/${fullNameOf(repository)}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
      commits: shown,
      head_commit: head === undefined ? null : await renderPushedCommit(world, repository, head),
      pusher: { name: login, email: `${login}@users.noreply.example.org` },
    },
  });
}

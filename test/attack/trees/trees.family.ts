import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../domain/failures.js';
import { snapshotCommit } from '../../../infra/git/checkpoint.js';
import { ensureBareRepository, fetchRefs } from '../../../infra/git/mirror.js';
import { readRef } from '../../../infra/git/objects.js';
import { pushOwnRef } from '../../../infra/git/push.js';
import { takeSnapshot } from '../../../infra/git/snapshot.js';
import { inWorld, type NoWorld } from '../git/in-world.js';
import { type HostileWorld, OWNER, TREE_ID } from '../git/world.js';
import { family, type Tally, type Vector } from '../vector.js';
import { blobOf, difference, filesInTree, filesOnDisk } from './compare.js';
import { HOSTILE_TREES, type HostileTree } from './hostile-trees.js';

const SMOKE = ['a named pipe', 'a hard link to a file outside'];

const tree = (name: string, hostile: HostileTree): Vector<NoWorld> => ({
  name,
  controls: hostile.controls ?? [],
  isSmoke: SMOKE.includes(name),
  run: (_, tally) =>
    inWorld(async (world) => {
      plant(world, hostile);
      await snapshot(world, hostile, tally);
      await nextOwner(world, tally);
    }),
});

const plant = (world: HostileWorld, { plant: script, asHost = false }: HostileTree): void => {
  const outside = join(world.world.home, 'outside');
  mkdirSync(outside);
  chmodSync(outside, 0o777);
  writeFileSync(join(outside, 'secret'), 'secret of the host\n');
  const whole = `OUT=${outside}; ${script}`;
  if (asHost) world.asHost(whole);
  else world.asAgent(whole);
};

/** Kept whole or refused by name; what is kept can be fetched by everybody else. */
const snapshot = async (world: HostileWorld, { refused, limits }: HostileTree, tally: Tally): Promise<void> => {
  const { mirror } = world.world;
  const { tree: at } = world;
  let taken: Awaited<ReturnType<typeof takeSnapshot>>;
  try {
    taken = await takeSnapshot(mirror, { tree: at, ...(limits ? { limits } : {}) });
  } catch (error) {
    tally.count(error instanceof Failure && error.type !== 'Internal' ? undefined : `no typed refusal: ${error}`);
    return;
  }
  if (taken.kind === 'refused') {
    const isNamed = taken.why !== '' && (refused === undefined || refused === '' || taken.paths.includes(refused));
    tally.count(isNamed ? undefined : `refused without naming it: ${JSON.stringify(taken)}`);
    return;
  }
  tally.count(refused === undefined ? undefined : 'it was kept');
  const there = await filesOnDisk(at.source).catch(() => undefined);
  if (there !== undefined) tally.count(difference(await filesInTree(mirror, taken.tree), there));
  tally.count(await whyNotFetchable(world));
};

/** Somebody else's clone checks what it fetches. */
const whyNotFetchable = async (world: HostileWorld): Promise<string | undefined> => {
  const { mirror, remote, home } = world.world;
  const sha = await snapshotCommit(mirror, { tree: world.tree, baseSha: world.base });
  if (sha === undefined) return undefined;
  const ref = 'refs/heads/millwright/fetched';
  try {
    await pushOwnRef(mirror, remote, { ref, to: sha, expected: undefined });
  } catch {
    // Nothing of it reached the forge.
    return undefined;
  }
  const other = await ensureBareRepository(mirror.git, join(home, 'other.git'));
  try {
    await fetchRefs(other, { remote, refspecs: [`+${ref}:${ref}`] });
  } catch (error) {
    return `the forge holds what nobody can fetch: ${error}`;
  }
  return (await readRef(other, ref)) === sha ? undefined : 'it was fetched as something else';
};

/** After the tree was given back, the next owner finds the commit and nothing else, and nothing outside has changed. */
const nextOwner = async (world: HostileWorld, tally: Tally): Promise<void> => {
  const { mirror, home } = world.world;
  const wanted = await filesInTree(mirror, world.base);
  await world.trees.release(TREE_ID, { ownerId: TREE_ID, repository: mirror });
  await world.trees.settle();
  const next = { repository: mirror, treeId: TREE_ID, baseSha: world.base, ...OWNER };
  const { tree: at } = await world.trees.acquire(next);
  tally.count(difference(await filesOnDisk(at.source), wanted) ?? (await metadataLeft(at.source)));
  const left = await world.trees.store.listTransit().then((trees) => trees.length);
  tally.count(left === 0 ? undefined : `${left} trees that nobody can remove`);
  tally.count(difference(await filesOnDisk(join(home, 'outside')), [SECRET]));
};

const SECRET = `100644 ${blobOf(Buffer.from('secret of the host\n'))} secret`;

const metadataLeft = async (source: string): Promise<string | undefined> =>
  (await lstat(join(source, '.git')).catch(() => undefined)) === undefined ? undefined : 'a .git of the last owner';

export const TREES = family(
  {
    name: 'trees',
    about: 'working trees that an agent left hostile: kept whole or refused by name, and clean for the next',
  },
  Object.entries(HOSTILE_TREES).map(([name, hostile]) => tree(name, hostile)),
  async () => ({ close: () => undefined }),
);

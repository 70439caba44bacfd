// Independent of the planner on purpose: it checks what the planner wants against the rules, and refuses the rest.
import { findEntry, findHead, findPath, isLive, landedSince, unresolved } from './facts.js';
import type { Proposal } from './propose.js';
import type { QueueState } from './types.js';

export interface Filtered {
  readonly proposal: Proposal;
  /** One sentence for each thing refused. Each is a bug of the planner: counted and logged, never applied. */
  readonly refusals: readonly string[];
}

export function filterLegal(state: QueueState, wanted: Proposal): Filtered {
  const refusals: string[] = [];
  const legal = (ok: boolean, what: string): boolean => {
    if (!ok) refusals.push(what);
    return ok;
  };
  const form = wanted.form.filter((members) =>
    legal(
      members.length === 1 &&
        members.every((id) => findEntry(state, id)?.state === 'queued') &&
        !state.heads.some((head) => isLive(head) && head.members.some((id) => members.includes(id))),
      `head of ${members.join(', ')}: not exactly one queued entry without a head`,
    ),
  );
  let free = state.cfg.budget - slotsInUse(state);
  const takesSlot = (what: string): boolean => legal(free > 0, `${what}: no free slot`) && free-- > 0;
  const started: string[] = [];
  const start = wanted.start.filter(({ head: id, on }) => {
    const what = `build of head ${id} on [${on.join(',')}]`;
    const head = findHead(state, id);
    if (!legal(head?.state === 'open', `${what}: head is not open`) || !head) return false;
    const landed = landedSince(state, head);
    const possible = [...landed, ...unresolved(state, head).map((other) => other.id)];
    const key = `${id}:${on.join(',')}`;
    const ok =
      legal(
        on.every((one) => possible.includes(one)),
        `${what}: assumes a head that cannot land before it`,
      ) &&
      legal(
        landed.every((one) => on.includes(one)),
        `${what}: leaves out a head that landed`,
      ) &&
      legal(!started.includes(key) && !hasLivePath(state, id, on), `${what}: runs already`) &&
      takesSlot(what);
    if (ok) started.push(key);
    return ok;
  });
  const retry = wanted.retry.filter(
    (id) => legal(findPath(state, id)?.status === 'retrying', `retry of ${id}: it does not wait`) && takesSlot(id),
  );
  const cancel = wanted.cancel.filter((id) =>
    legal(['building', 'retrying'].includes(findPath(state, id)?.status ?? ''), `cancel of ${id}: it is not live`),
  );
  const control = wanted.control && legal(!state.control, 'control: one runs') && takesSlot('control');
  const { land, ...rest } = wanted;
  const mayLand =
    land !== undefined &&
    legal(!state.landing && findHead(state, land)?.state === 'merging', `landing of ${land}: not merging, or one runs`);
  return { proposal: { ...rest, form, start, retry, cancel, control, ...(mayLand ? { land } : {}) }, refusals };
}

const slotsInUse = (state: QueueState): number =>
  state.paths.filter(({ status }) => status === 'building' || status === 'cancelling').length + (state.control ? 1 : 0);

const hasLivePath = (state: QueueState, head: number, on: readonly number[]): boolean =>
  state.paths.some((path) => path.head === head && path.status !== 'cancelling' && path.on.join(',') === on.join(','));

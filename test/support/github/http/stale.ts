import type { World } from '../world.js';
import type { Answer } from './call.js';

const replicas = new WeakMap<World, Map<string, { readonly answer: Answer; readonly atMs: number }>>();

/** Answers as a replica that lags: what the same caller was told by the same address shortly before. */
export async function maybeStale(world: World, key: string, answer: () => Promise<Answer>): Promise<Answer> {
  if (world.timing.staleMs === 0) return answer();
  const replica = replicas.get(world) ?? new Map();
  replicas.set(world, replica);
  const known = replica.get(key);
  const now = world.clock.now();
  if (known !== undefined && now - known.atMs < world.timing.staleMs) return known.answer;
  const fresh = await answer();
  replica.set(key, { answer: fresh, atMs: now });
  return fresh;
}

import type { Fault } from './explore.js';

const MOST_TRIES = 1_500;

/** Draws left out or set to the calm choice while the same rule still breaks. Counted, not timed: the same every time. */
export async function shorten(
  found: Fault,
  live: (tape: readonly number[]) => Promise<Fault | undefined>,
): Promise<Fault> {
  let least = found;
  let tries = 0;
  const accept = async (tape: readonly number[]): Promise<boolean> => {
    tries += 1;
    const fault = await live(tape);
    if (fault?.rule !== found.rule || !isSimpler(fault, least)) return false;
    // Draws behind the fault never counted; a shorter tape was followed by zeros that were drawn.
    least = { ...fault, tape: trimmed(fault.tape) };
    return true;
  };
  least = { ...least, tape: trimmed(least.tape) };
  for (let size = Math.max(1, least.tape.length >> 1); tries < MOST_TRIES; ) {
    let isShorter = false;
    for (let at = 0; at < least.tape.length && tries < MOST_TRIES; ) {
      const { tape } = least;
      const without = [...tape.slice(0, at), ...tape.slice(at + size)];
      const calm = tape.map((draw, index) => (index >= at && index < at + size ? 0 : draw));
      if ((await accept(without)) || (await accept(calm))) isShorter = true;
      else at += size;
    }
    if (size === 1 && !isShorter) break;
    if (!isShorter || size > least.tape.length) size = Math.max(1, size >> 1);
  }
  return least;
}

const trimmed = (tape: readonly number[]): readonly number[] =>
  tape.slice(0, tape.findLastIndex((draw) => draw > 0) + 1);

/** A story of fewer steps; of two of one length, the one with fewer draws that are not calm. */
function isSimpler(one: Fault, other: Fault): boolean {
  const [a, b] = [trimmed(one.tape), trimmed(other.tape)];
  const wild = (tape: readonly number[]): number => tape.reduce((count, draw) => count + Number(draw > 0), 0);
  return one.story.length - other.story.length || a.length - b.length || wild(a) - wild(b)
    ? (one.story.length - other.story.length || a.length - b.length || wild(a) - wild(b)) < 0
    : false;
}

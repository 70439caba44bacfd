import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What becomes of bytes on their way. */
export interface PassageFaults {
  readonly latencyMs?: number;
  /** On top of the latency, up to so much. */
  readonly jitterMs?: number;
  readonly bytesPerSecond?: number;
  /** In pieces of so many bytes. */
  readonly sliceBytes?: number;
  /** The chance of each piece that one of its bytes is changed. */
  readonly corruption?: number;
}

export interface Passage {
  readonly from: Socket;
  readonly to: Socket;
  readonly faults: () => PassageFaults;
  readonly random: () => number;
  /** What comes then is swallowed. */
  readonly isDead: () => boolean;
  /** Before bytes are passed on. */
  readonly onBytes?: () => void;
  /** Everything has been passed on. */
  readonly onEnd: () => void;
}

interface Piece {
  readonly bytes: Buffer;
  readonly atMs: number;
}

/** More than this on its way, and the sender has to wait. */
const MOST_PENDING_BYTES = 1024 * 1024;

/** Passes bytes on in their order: each as late as the faults at its arrival say. */
export function passOn(passage: Passage): void {
  const { from, faults, random, isDead, onBytes } = passage;
  const pending: Piece[] = [];
  let pendingBytes = 0;
  let isOver = false;
  let isRunning = false;

  const run = async (): Promise<void> => {
    for (let piece = pending.shift(); piece; piece = pending.shift()) {
      const waitMs = piece.atMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      if (!isDead()) await deliver(passage, piece.bytes);
      pendingBytes -= piece.bytes.length;
      if (from.isPaused() && pendingBytes < MOST_PENDING_BYTES) from.resume();
    }
    isRunning = false;
    if (isOver) passage.onEnd();
  };
  const pump = (): void => {
    if (isRunning) return;
    isRunning = true;
    // Only a side that is gone makes it fail, and its own event tells so.
    run().catch(() => {});
  };

  from.on('data', (bytes) => {
    if (isDead()) return;
    onBytes?.();
    const { latencyMs = 0, jitterMs = 0 } = faults();
    pending.push({ bytes, atMs: performance.now() + latencyMs + random() * jitterMs });
    pendingBytes += bytes.length;
    if (pendingBytes >= MOST_PENDING_BYTES) from.pause();
    pump();
  });
  from.on('end', () => {
    isOver = true;
    pump();
  });
}

async function deliver({ to, faults, random, isDead }: Passage, bytes: Buffer): Promise<void> {
  let rest = bytes;
  while (rest.length > 0 && !to.destroyed && !isDead()) {
    const { bytesPerSecond = Number.POSITIVE_INFINITY, sliceBytes = rest.length, corruption = 0 } = faults();
    // A slow line is slow from byte to byte, not all at once after a while.
    const size = Math.max(1, Math.min(rest.length, sliceBytes, Math.ceil(bytesPerSecond / 10)));
    const piece = Buffer.from(rest.subarray(0, size));
    rest = rest.subarray(size);
    if (random() < corruption) piece[Math.floor(random() * size)] = Math.floor(random() * 256);
    if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
    if (Number.isFinite(bytesPerSecond)) await sleep((size / bytesPerSecond) * 1_000);
  }
}

import type { BlobRef, BlobStore } from '../../../infra/artifacts.js';

export interface CachedBlobs extends BlobStore {
  /** What `make` makes of a kept text; remembered as the text itself is. One `make` for all. */
  made(ref: BlobRef, make: (text: string) => string): Promise<string>;
}

/**
 * Remembers texts that went through it, up to a number of characters. A reference names its content, so nothing here
 * can be stale; a run that stays on one process reads each text of its transcript from the store at most once.
 */
export function cachedBlobs(blobs: BlobStore, maxChars = 64 * 1024 * 1024): CachedBlobs {
  const texts = new Map<string, string>();
  let chars = 0;
  const remember = (ref: string, text: string): void => {
    if (texts.has(ref)) return;
    texts.set(ref, text);
    chars += text.length;
    for (const [oldest, old] of texts) {
      if (chars <= maxChars) break;
      texts.delete(oldest);
      chars -= old.length;
    }
  };
  const recall = async (key: string, read: () => Promise<string>): Promise<string> => {
    const known = texts.get(key);
    if (known === undefined) {
      const text = await read();
      remember(key, text);
      return text;
    }
    // Moves to the young end.
    texts.delete(key);
    texts.set(key, known);
    return known;
  };
  return {
    async put(text, through) {
      const ref = await blobs.put(text, through);
      // The store replaces what PostgreSQL cannot keep, so the text it will answer may differ from the one given.
      if (!text.includes('\u0000') && text.isWellFormed()) remember(ref, text);
      return ref;
    },
    get: (ref) => recall(ref, () => blobs.get(ref)),
    made: (ref, make) => recall(`made of ${ref}`, async () => make(await blobs.get(ref))),
  };
}

import type { BlobRef, BlobStore } from '../../../infra/artifacts.js';

/**
 * Remembers texts that went through it, up to a number of characters. A reference names its content, so nothing here
 * can be stale; a run that stays on one process reads each text of its transcript from the store at most once.
 */
export function cachedBlobs(blobs: BlobStore, maxChars = 64 * 1024 * 1024): BlobStore {
  const texts = new Map<BlobRef, string>();
  let chars = 0;
  const remember = (ref: BlobRef, text: string): void => {
    if (texts.has(ref)) return;
    texts.set(ref, text);
    chars += text.length;
    for (const [oldest, old] of texts) {
      if (chars <= maxChars) break;
      texts.delete(oldest);
      chars -= old.length;
    }
  };
  return {
    async put(text) {
      const ref = await blobs.put(text);
      // The store replaces what PostgreSQL cannot keep, so the text it will answer may differ from the one given.
      if (!text.includes('\u0000') && text.isWellFormed()) remember(ref, text);
      return ref;
    },
    async get(ref) {
      const known = texts.get(ref);
      if (known === undefined) {
        const text = await blobs.get(ref);
        remember(ref, text);
        return text;
      }
      // Moves to the young end.
      texts.delete(ref);
      texts.set(ref, known);
      return known;
    },
  };
}

import { Failure } from '../../domain/failures.js';
import { type BlobRef, type BlobStore, blobRef, storableText } from '../../infra/artifacts.js';

/** A blob store that keeps its texts in memory. */
export class MemoryBlobs implements BlobStore {
  readonly texts = new Map<BlobRef, string>();

  async put(text: string): Promise<BlobRef> {
    const body = storableText(text);
    const ref = blobRef(body);
    this.texts.set(ref, body);
    return ref;
  }

  async get(ref: BlobRef): Promise<string> {
    const text = this.texts.get(ref);
    if (text === undefined) throw new Failure('NotFound', 'The stored text is gone.', { ref });
    return text;
  }
}

/** Shorter ones are no secrets, and would blot out what has nothing to do with them. */
const LEAST_CHARS = 12;
const BLOT = '*'.charCodeAt(0);

/**
 * The response without the secret: a gateway that repeats the key it was sent, in an error or a header, must not bring
 * it into logs and histories. Its length stays, so that nothing else changes.
 */
export const scrubbed = (response: Response, secret: string | undefined): Response => {
  if (secret === undefined || secret.length < LEAST_CHARS) return response;
  const { status, statusText } = response;
  const blot = '*'.repeat(secret.length);
  const headers = new Headers([...response.headers].map(([name, value]) => [name, value.replaceAll(secret, blot)]));
  const body = response.body?.pipeThrough(scrubber(Buffer.from(secret))) ?? null;
  return new Response(body, { status, statusText: statusText.replaceAll(secret, blot), headers });
};

/** Holds back only what may be the beginning of the secret, so that a stream is not delayed. */
const scrubber = (secret: Buffer): TransformStream<Uint8Array, Uint8Array> => {
  let held = Buffer.alloc(0);
  return new TransformStream({
    transform(chunk, controller) {
      const bytes = Buffer.concat([held, chunk]);
      for (let at = bytes.indexOf(secret); at >= 0; at = bytes.indexOf(secret, at))
        bytes.fill(BLOT, at, at + secret.length);
      const kept = beginningAtEnd(bytes, secret);
      held = bytes.subarray(bytes.length - kept);
      if (bytes.length > kept) controller.enqueue(bytes.subarray(0, bytes.length - kept));
    },
    flush(controller) {
      if (held.length > 0) controller.enqueue(held);
    },
  });
};

/** Length of the longest end of `bytes` with which the secret begins. */
const beginningAtEnd = (bytes: Buffer, secret: Buffer): number => {
  for (let length = Math.min(secret.length - 1, bytes.length); length > 0; length--)
    if (bytes.subarray(bytes.length - length).equals(secret.subarray(0, length))) return length;
  return 0;
};

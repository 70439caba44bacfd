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
  const body = response.body === null ? null : scrubbedBody(response.body, Buffer.from(secret));
  return new Response(body, { status, statusText: statusText.replaceAll(secret, blot), headers });
};

/**
 * Holds back only what may be the beginning of the secret, so that a stream is not delayed. By hand: a transform stream
 * costs several times as much a chunk.
 */
const scrubbedBody = (source: ReadableStream<Uint8Array>, secret: Buffer): ReadableStream<Uint8Array> => {
  const reader = source.getReader();
  let held = Buffer.alloc(0);
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) {
            if (held.length > 0) controller.enqueue(held);
            return controller.close();
          }
          const bytes = held.length === 0 ? Buffer.from(value) : Buffer.concat([held, value]);
          for (let at = bytes.indexOf(secret); at >= 0; at = bytes.indexOf(secret, at))
            bytes.fill(BLOT, at, at + secret.length);
          const kept = beginningAtEnd(bytes, secret);
          held = bytes.subarray(bytes.length - kept);
          if (bytes.length > kept) return controller.enqueue(bytes.subarray(0, bytes.length - kept));
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
};

/** Length of the longest end of `bytes` with which the secret begins. */
const beginningAtEnd = (bytes: Buffer, secret: Buffer): number => {
  const [first = 0] = secret;
  for (let length = Math.min(secret.length - 1, bytes.length); length > 0; length--)
    if (
      bytes[bytes.length - length] === first &&
      bytes.subarray(bytes.length - length).equals(secret.subarray(0, length))
    )
      return length;
  return 0;
};

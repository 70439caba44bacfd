// Functions of this folder also run inside the sandbox: their own text is sent there (see text.ts). So each uses nothing
// but its parameters, Node's globals, the modules that text.ts imports, and the other functions that it lists.

/** From the server: `r` ready, `o` stdout, `e` stderr, `x` end. To it: `c` a command, `t` end it politely. */
export type FrameKind = 'r' | 'o' | 'e' | 'x' | 'c' | 't';

/** What the server is asked: a process, or an answer of a module of ours that it keeps loaded. */
export type ServerRequest =
  | {
      readonly kind: 'process';
      readonly argv: readonly string[];
      readonly cwd: string;
      readonly env: Readonly<Record<string, string>>;
      /** Base64. */
      readonly stdin: string;
    }
  | {
      readonly kind: 'module';
      readonly id: string;
      /** Present the first time. */
      readonly text?: string;
      readonly input: string;
    };

/** Length, kind, payload. */
export function frameOf(kind: FrameKind, payload: Uint8Array | string): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const frame = Buffer.allocUnsafe(5 + body.length);
  frame.writeUInt32BE(body.length, 0);
  frame.write(kind, 4, 'latin1');
  frame.set(body, 5);
  return frame;
}

/** Cuts a stream into frames. Answers false once one is longer than `maxBytes`: the stream is of no use then. */
export function frameReader(
  maxBytes: number,
  onFrame: (kind: string, payload: Buffer) => void,
): (chunk: Buffer) => boolean {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let wanted = 5;
  return (chunk) => {
    chunks.push(chunk);
    bytes += chunk.length;
    while (bytes >= wanted) {
      const [only] = chunks;
      // Many small frames in one chunk must not cost a copy of it each.
      const all = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
      const end = 5 + all.readUInt32BE(0);
      if (end > maxBytes) return false;
      if (bytes >= end) onFrame(String.fromCharCode(all[4] ?? 0), all.subarray(5, end));
      chunks = [bytes >= end ? all.subarray(end) : all];
      wanted = bytes >= end ? 5 : end;
      bytes = chunks[0]?.length ?? 0;
    }
    return true;
  };
}

import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';

interface Cgi {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly env: Readonly<Record<string, string>>;
}

/** Answers a request by `git http-backend`; the caller ends the answer, once the effects are known. */
export function runCgi({ request, response, env }: Cgi): Promise<void> {
  return new Promise((resolve, reject) => {
    // Hung up while it waited for its turn: what it had sent is gone.
    if (request.destroyed) return resolve();
    const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'], detached: true });
    request.pipe(child.stdin);
    // Of a caller that hung up git would wait for the rest for ever, and every push behind this one with it.
    request.on('close', () => {
      const isGone = child.exitCode !== null || child.pid === undefined;
      if (!request.readableEnded && !isGone) process.kill(-Number(child.pid), 'SIGKILL');
    });
    child.stdin.on('error', () => undefined); // it may answer before it has read everything
    let head: Buffer | undefined = Buffer.alloc(0);
    child.stdout.on('data', (chunk: Buffer) => {
      if (head === undefined) return void response.write(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const headers = head
        .subarray(0, end)
        .toString('latin1')
        .split('\r\n')
        .map((line) => line.split(/:\s*/, 2));
      const status = Number(headers.find(([name]) => name?.toLowerCase() === 'status')?.[1]?.slice(0, 3) ?? 200);
      for (const [name = '', value = ''] of headers) {
        if (name.toLowerCase() !== 'status') response.setHeader(name, value);
      }
      response.writeHead(status);
      response.write(head.subarray(end + 4));
      head = undefined;
    });
    child.on('error', reject);
    child.on('close', () => {
      if (!response.headersSent) response.writeHead(500);
      // Ends after the effects of a push are known: the caller ends it.
      resolve();
    });
  });
}

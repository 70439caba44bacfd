import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorCode, errorReason } from '../../infra/errors.js';
import { CliError } from '../errors.js';
import { refusedPage } from './page.js';

export interface LoopbackOptions {
  /** 0: a free one. */
  readonly port: number;
  readonly lifeMs: number;
  /** The page that sends the person away, with what has to come back. */
  readonly page: (way: { readonly state: string; readonly callbackUrl: string }) => string;
  /** Origins that the page's form may go to. */
  readonly formTargets: readonly string[];
  /** Uses the code, once; answers the page to show. What it throws ends the waiting. */
  readonly exchange: (code: string) => Promise<string>;
}

/** One visit of one person's browser. */
export interface Loopback {
  /** Of the page. Whoever knows it may answer, so it is for one person's eyes. */
  readonly address: string;
  /** Settles when a code was exchanged, or nobody came. The server is gone then. */
  readonly done: Promise<void>;
  close(): void;
}

const CODE = /^[\w-]{1,200}$/;
const MINUTE_MS = 60_000;

/**
 * Waits on 127.0.0.1 for the one answer that carries our `state`. Anything else is answered 400 and waited past: any page
 * that is open in the same browser can send requests here.
 * @throws CliError when the port cannot be had
 */
export async function openLoopback(options: LoopbackOptions): Promise<Loopback> {
  const server = createServer();
  const port = await listen(server, options.port);
  const visit = new Visit(options, `http://127.0.0.1:${port}`);
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  const done = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      const minutes = Math.max(1, Math.round(options.lifeMs / MINUTE_MS));
      reject(new CliError(`Nobody answered within ${minutes} minutes: run millwright github setup again.`));
    }, options.lifeMs);
    server.on('request', (request, response) => {
      visit.answer(request, response).then((end) => {
        if (end === undefined) return;
        if (end.error === undefined) resolve();
        else reject(end.error);
      }, reject);
    });
    server.once('close', () => clearTimeout(timer));
  }).finally(close);
  return { address: visit.address, done, close };
}

/** The state of the conversation: nothing of it works twice. */
class Visit {
  private readonly state = randomBytes(24).toString('base64url');
  private readonly path = `/${randomBytes(16).toString('base64url')}`;
  private isUsed = false;

  constructor(
    private readonly options: LoopbackOptions,
    private readonly origin: string,
  ) {}

  get address(): string {
    return `${this.origin}${this.path}`;
  }

  /** Undefined: go on waiting. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<{ readonly error?: unknown } | undefined> {
    const say = (status: number, html: string): Promise<void> => this.send(response, status, html);
    const { host } = new URL(this.origin);
    const url = new URL(request.url ?? '/', this.origin);
    // A name that somebody made to lead here would let his page read ours.
    if (![host, host.replace('127.0.0.1', 'localhost')].includes(request.headers.host ?? '')) {
      return void (await say(400, refusedPage('Wrong address', `This page is at ${this.origin} only.`)));
    }
    if (request.method !== 'GET') return void (await say(405, refusedPage('Not here', 'This page is only read.')));
    if (url.pathname === this.path) {
      const way = { state: this.state, callbackUrl: `${this.origin}/callback` };
      return void (await say(200, this.options.page(way)));
    }
    if (url.pathname !== '/callback') return void (await say(404, refusedPage('Not found', 'There is nothing here.')));
    if (this.isUsed) {
      return void (await say(410, refusedPage('Answered already', 'The terminal says what became of it.')));
    }
    const code = url.searchParams.get('code') ?? '';
    const isDenied = url.searchParams.has('error');
    if (!isSame(url.searchParams.get('state') ?? '', this.state) || !(isDenied || CODE.test(code))) {
      const text = 'It does not belong to the page that Millwright opened. Start from the address in the terminal.';
      return void (await say(400, refusedPage('This answer was not taken', text)));
    }
    this.isUsed = true;
    if (isDenied) {
      await say(200, refusedPage('Nothing was registered', 'You declined. You may close this page.'));
      return { error: new CliError('GitHub was told not to register an App; nothing was changed.') };
    }
    try {
      await say(200, await this.options.exchange(code));
      return {};
    } catch (error) {
      await say(502, refusedPage('It did not work', 'The terminal says why.'));
      return { error };
    }
  }

  private send(response: ServerResponse, status: number, html: string): Promise<void> {
    const targets = ["'self'", ...this.options.formTargets].join(' ');
    response.writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(html)),
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; form-action ${targets}; frame-ancestors 'none'; base-uri 'none'`,
      // The path is for one person's eyes; GitHub wants to see some origin.
      'referrer-policy': 'origin',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    });
    return new Promise((resolve) => {
      response.once('close', resolve);
      response.end(html);
    });
  }
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const why = errorCode(error) === 'EADDRINUSE' ? 'another program has it' : errorReason(error);
      reject(new CliError(`Port ${port} of 127.0.0.1 cannot be used: ${why}. Choose another one with --port.`));
    });
    // A server that listens on an address and a port has them here.
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

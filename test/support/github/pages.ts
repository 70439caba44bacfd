import type { IncomingMessage } from 'node:http';
import type { Answer } from './http/call.js';
import type { Conversions } from './routes/manifest.js';
import type { World } from './world.js';

type Pages = (request: IncomingMessage, url: URL, raw: Buffer) => Promise<Answer | undefined>;

const NEW_APP = /^\/(?:organizations\/[^/]+\/)?settings\/apps\/new$/;

/** The few pages that a program follows a person to. */
export const pagesOf =
  (world: World, conversions: Conversions): Pages =>
  async (request, url, raw) => {
    if (NEW_APP.test(url.pathname)) {
      if (request.method !== 'POST') return { status: 200, body: '<form method="post"></form>' };
      return conversions.takeManifest(new URLSearchParams(raw.toString('utf8')), url.searchParams.get('state'));
    }
    if (url.pathname === '/_control' && world.onControl !== undefined) {
      // JSON of a caller that is a test: what it asks for wrongly is told to it.
      return world.onControl(JSON.parse(raw.toString('utf8'))).then(
        (result) => ({ status: 200, body: { result: result ?? null } }),
        (error: unknown) => ({ status: 400, body: { error: String(error) } }),
      );
    }
    const log = /^\/_logs\/(\d+)$/.exec(url.pathname)?.[1];
    if (log !== undefined) {
      const run = world.state.checkRuns.find((one) => one.id === Number(log));
      return run?.log == null ? { status: 404, body: 'Not found' } : { status: 200, body: run.log };
    }
    return { status: 404, body: '<p>Not found</p>' };
  };

import type { Control } from '../control.js';

const BROKER = 'activities/sandbox/broker.ts';
const FRONT = 'activities/agents/front/model-front.ts';
const RULES = 'activities/agents/front/request-rules.ts';

export const SECRET_CONTROLS: readonly Control[] = [
  {
    name: 'secrets.scrubbed-replies',
    about: 'the key is blotted out of what a gateway answers',
    edits: [{ file: BROKER, cut: 'return scrubbed(response, credentials.apiKey);', put: 'return response;' }],
  },
  {
    name: 'secrets.broker-endpoint',
    about: 'the broker serves one address',
    edits: [
      {
        file: BROKER,
        cut: "if (url.origin !== BROKER_ORIGIN || !ALLOWED_PATHS.has(url.pathname) || init.method !== 'POST') {",
        put: 'if (url.pathname === undefined) {',
      },
    ],
  },
  {
    name: 'secrets.no-redirects',
    about: 'redirects are not followed with the key',
    edits: [{ file: BROKER, cut: "redirect: 'manual'", put: "redirect: 'follow'" }],
  },
  {
    name: 'secrets.key-of-the-run',
    about: 'a listener serves its own run',
    edits: [{ file: FRONT, cut: 'if (!this.#isOurs(request))', put: 'if (!request)' }],
  },
  {
    name: 'secrets.one-model',
    about: 'a run buys the model that its agent names',
    edits: [{ file: RULES, cut: 'if (request.model !== model)', put: 'if (model === undefined)' }],
  },
  {
    name: 'secrets.known-requests',
    about: 'what the broker does not know is not passed on',
    edits: [{ file: RULES, cut: 'if (unknown !== undefined)', put: 'if (unknown === model)' }],
  },
  {
    name: 'secrets.own-tools',
    about: 'the vendor runs no tool for a sandbox',
    edits: [{ file: RULES, cut: 'if (!tools.every(isOwnTool))', put: 'if (!tools)' }],
  },
  {
    name: 'secrets.no-addresses',
    about: 'the vendor fetches nothing for a sandbox',
    edits: [{ file: RULES, cut: 'if (reachesOut([request.messages, request.system], 0))', put: 'if (!request)' }],
  },
  {
    name: 'secrets.environment',
    about: 'a process inherits what it needs',
    edits: [{ file: 'infra/config.ts', cut: "if (child === 'worker') return", put: 'if (child !== undefined) return' }],
  },
  {
    name: 'secrets.log-fields',
    about: 'fields that hold secrets are not printed',
    edits: [{ file: 'infra/logging.ts', cut: "    redact: { paths: SECRET_FIELDS, censor: '[redacted]' },\n" }],
  },
  {
    name: 'secrets.shown-once',
    about: 'the answer that holds a new key is not kept for a repeat',
    edits: [
      {
        file: 'api/keys/key.service.ts',
        cut: '{ ...answer, key: null }',
        put: '{ ...answer, key: formatApiKey(made) }',
      },
    ],
  },
  {
    name: 'secrets.file-modes',
    about: 'key files are for their owner only',
    edits: [
      {
        file: 'infra/atomic-file.ts',
        cut: 'replaceFile = (path: string, content: string | Buffer, mode = 0o600)',
        put: 'replaceFile = (path: string, content: string | Buffer, mode = 0o644)',
      },
    ],
  },
];

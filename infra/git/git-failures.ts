import { Failure, type FailureType } from '../../domain/failures.js';

interface Pattern {
  readonly match: RegExp;
  readonly type: FailureType;
  /** Stable word in `details.reason`: what an operator or a caller may tell apart within a type. */
  readonly reason: string;
}

const LOCKED = /\.lock': File exists|cannot lock ref|could not lock/i;

export const isLockMessage = (stderr: string): boolean => LOCKED.test(stderr);

/** Of a token that is none any more; what a token may not is told in other words. */
export const isRefusedCredential = (stderr: string): boolean =>
  /Authentication failed|HTTP 401|error: 401/.test(stderr);

/** Objects that cannot be read, or that others name and that are not there. A commit nobody has is no damage. */
const DAMAGED =
  /loose object .* is corrupt|inflate:|unable to unpack|pack.*(corrupt|is far too short|has bad)|hash mismatch|object file .* is empty|unable to read (tree|sha1 file|[0-9a-f]{40})|Could not read [0-9a-f]{40}|bad tree object|failed to unpack tree object|missing blob object|missing necessary objects|(index-pack|unpack-objects) abnormal exit|repository corruption on the remote side/;

export const isDamageMessage = (stderr: string): boolean => DAMAGED.test(stderr);

/** First match wins. Git runs under LC_ALL=C, so its words are stable. */
const PATTERNS: readonly Pattern[] = [
  { match: /No space left on device|Disk quota exceeded/, type: 'Unavailable', reason: 'DISK_FULL' },
  {
    match: /Too many open files|Cannot allocate memory|unable to create thread/,
    type: 'Unavailable',
    reason: 'HOST_FULL',
  },
  {
    match: /but expected|stale info|non-fast-forward|fetch first|reference already exists/,
    type: 'Conflict',
    reason: 'REF_MOVED',
  },
  { match: LOCKED, type: 'Unavailable', reason: 'LOCKED' },
  // Before the words of a missing object: such a ref of ours stops every fetch, whoever asks.
  { match: /bad object refs\//, type: 'Internal', reason: 'BROKEN_REF' },
  {
    match: /mismatched algorithms|unknown repository extension|object format/,
    type: 'InvalidInput',
    reason: 'SHA256_REPOSITORY',
  },
  { match: /unrelated histories/, type: 'InvalidInput', reason: 'UNRELATED_HISTORIES' },
  { match: /shallow/, type: 'InvalidInput', reason: 'SHALLOW_REPOSITORY' },
  {
    match: /index file (smaller|corrupt|open failed)|bad index|bad signature 0x|unknown index entry/,
    type: 'WorktreeLost',
    reason: 'INDEX_CORRUPT',
  },
  { match: DAMAGED, type: 'Internal', reason: 'OBJECT_CORRUPT' },
  // What the disk did not give back of an object is damage, which is mended; the rest waits for a person.
  { match: /Input\/output error|Read-only file system/, type: 'Unavailable', reason: 'DISK_FAILS' },
  { match: /fsck error|fsckObjects|error in (object|tree|commit|blob)/, type: 'InvalidInput', reason: 'BAD_OBJECTS' },
  { match: /couldn't find remote ref|no such ref|Remote branch .* not found/i, type: 'NotFound', reason: 'REF' },
  {
    match: /not a git repository|does not appear to be a git repository|repository .*not found|HTTP 404|error: 404/i,
    type: 'NotFound',
    reason: 'REPOSITORY',
  },
  {
    match:
      /Needed a single revision|[Nn]ot a valid object name|bad object|unknown revision|not something we can merge|could not parse|bad revision|invalid object|Invalid path|does not exist in|path '.*' exists on disk/,
    type: 'NotFound',
    reason: 'OBJECT',
  },
  { match: /repository (was|is) archived/i, type: 'PermissionDenied', reason: 'ARCHIVED' },
  // Redirects are not followed: they could lead a credential elsewhere. Until the new name is known it is tried again.
  { match: /error: 30[1278]/, type: 'Unavailable', reason: 'MOVED' },
  { match: /transport '.*' not allowed|strange (host|path)name/, type: 'InvalidInput', reason: 'TRANSPORT' },
  {
    match:
      /Authentication failed|could not read (Username|Password)|HTTP 40[13]|error: 40[13]|dubious ownership|Permission denied/,
    type: 'PermissionDenied',
    reason: 'DENIED',
  },
  {
    match:
      /Could not resolve host|Connection |timed out|early EOF|RPC failed|HTTP 5\d\d|error: (?:408|429|5\d\d)|disconnect|hung up|expected flush after|Could not read from remote|Couldn't connect|Failed to connect|TLS|SSL|gnutls|reset by peer|Empty reply from server|Broken pipe|HTTP\/2 stream|Internal Server Error|Operation too slow|transfer closed/i,
    type: 'Unavailable',
    reason: 'REMOTE',
  },
];

const UNCLASSIFIED = { type: 'Internal', reason: 'GIT' } as const satisfies Omit<Pattern, 'match'>;

/** Turns what git wrote to stderr into a classified failure. Addresses lose their credentials. */
export function gitFailure(command: string, exitCode: number | null, stderr: string): Failure {
  const { type, reason } = PATTERNS.find(({ match }) => match.test(stderr)) ?? UNCLASSIFIED;
  const ref = /bad object (refs\/\S+)/.exec(stderr)?.[1];
  return new Failure(type, `git ${command}: ${firstWords(stderr) || 'no message'}`, {
    reason,
    exitCode: exitCode ?? -1,
    ...(ref === undefined ? {} : { ref }),
  });
}

/** One line, at most 400 characters, no control characters, no user info of an address. */
export const firstWords = (stderr: string): string =>
  stderr
    .replace(/\/\/[^/@\s]*@/g, '//***@')
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 400);

/** The ref that names what is not there. */
export const brokenRef = (error: unknown): string | undefined => {
  const ref = failureReason(error) === 'BROKEN_REF' && error instanceof Failure ? error.details.ref : undefined;
  return typeof ref === 'string' ? ref : undefined;
};

export const failureReason = (error: unknown): string | undefined => {
  const reason = error instanceof Failure ? error.details.reason : undefined;
  return typeof reason === 'string' ? reason : undefined;
};

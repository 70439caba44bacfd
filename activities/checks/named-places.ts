/** Where the output of a tool says that something is wrong. */
export interface NamedPlace {
  /** As the tool wrote it: relative to where it ran, absolute, or a bare name. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly level: 'warning' | 'failure';
  readonly message: string;
}

const MOST_PLACES = 500;
const MAX_MESSAGE = 500;
/** What a pattern costs may grow with the square of a line, and no more than this of one is shown. */
const MAX_LINE = 600;

const FILE = String.raw`((?:[\w.@+~-]|\/|\\ )*[\w@+~-]\.\w{1,8})`;

/** Each with path, line, and what is said there, which may be empty. */
const WHOLE: readonly RegExp[] = [
  // tsc: src/a.ts(3,5): error TS2322: Type …
  new RegExp(String.raw`^${FILE}\((\d+),\d+\): (.+)$`),
  // tsc --pretty: src/a.ts:3:5 - error TS2322: Type …
  new RegExp(String.raw`^${FILE}:(\d+):\d+ - (.+)$`),
  // eslint -f unix, compilers, go test, pytest, annotations of a forge: a.js:3:5: message, a_test.go:12: message
  new RegExp(String.raw`^\s*${FILE}:(\d+):(?:\d+:)? (.+)$`),
];
/** jest, node --test (whose TAP leaves the `at` out), vitest: a frame of a stack. What it is about was said before. */
const FRAME = new RegExp(String.raw`^\s*(?:at |❯ )?(?:[^()]{1,200} \()?(?:file:\/\/)?${FILE}:(\d+):\d+\)?$`);
/** eslint's stylish report: the file stands alone, its problems below. */
const HEADING = new RegExp(`^${FILE}$`);
const STYLISH = /^\s+(\d+):\d+\s+(error|warning)\s+(.+?)(?:\s{2,}\S+)?$/;
/** What a frame is about: the test of jest or TAP, an error's first line, pytest's explanation. */
const ABOUT = /^\s*(?:(?:●|not ok \d+ -) (.+)|((?:[A-Z]\w*)?Error(?: \[\w+\])?: .+)|E\s{3,}(.+))$/;

/** Places in the output of common compilers, linters and test runners, best effort: an unknown tool names none. */
export function namedPlaces(output: string): readonly NamedPlace[] {
  const places = new Map<string, NamedPlace>();
  let heading = '';
  let about = '';
  let isFramed = false;
  const add = (path: string, line: string, message: string): void => {
    const place = { path, line: Number(line), level: levelOf(message), message: message.trim().slice(0, MAX_MESSAGE) };
    if (place.line > 0 && Number.isSafeInteger(place.line)) places.set(JSON.stringify(place), place);
  };
  for (const text of output.split('\n')) {
    const line = text.slice(0, MAX_LINE).trimEnd();
    const said = ABOUT.exec(line);
    const frame = FRAME.exec(line);
    const stylish = heading === '' ? null : STYLISH.exec(line);
    if (said) {
      about = said[1] ?? said[2] ?? said[3] ?? '';
      isFramed = false;
    } else if (frame) {
      // The first frame of ours is where it happened; those below called it.
      if (about !== '' && !isFramed && !isForeign(frame[1])) {
        add(frame[1] ?? '', frame[2] ?? '', about);
        isFramed = true;
      }
    } else if (stylish) add(heading, stylish[1] ?? '', `${stylish[2]}: ${stylish[3]}`);
    else {
      const found = WHOLE.map((pattern) => pattern.exec(line)).find((one) => one !== null);
      // pytest's place says only the kind of the error: what it explained before says more.
      if (found)
        add(found[1] ?? '', found[2] ?? '', /^\w*Error$/.test(found[3] ?? '') && about ? about : (found[3] ?? ''));
      heading = HEADING.exec(line)?.[1] ?? (line === '' ? '' : heading);
    }
    if (places.size === MOST_PLACES) break;
  }
  return [...places.values()];
}

const isForeign = (path = ''): boolean => /(?:^|\/)node_modules\/|^node:/.test(path);

const levelOf = (message: string): NamedPlace['level'] => (/^warning\b/i.test(message) ? 'warning' : 'failure');

/**
 * Which file of a tree is meant: the path itself, its end where a tool printed more than it, or the only file whose path
 * ends so, because tools print paths relative to a package.
 */
export function placeInTree(paths: ReadonlySet<string>): (path: string) => string | undefined {
  const byName = new Map<string, string[]>();
  for (const path of paths) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    byName.set(name, [...(byName.get(name) ?? []), path]);
  }
  return (written) => {
    const path = written.replace(/^(?:\.\/)+/, '');
    if (paths.has(path)) return path;
    if (path.startsWith('/')) return isForeign(path) ? undefined : endIn(paths, path);
    const ending = (byName.get(path.slice(path.lastIndexOf('/') + 1)) ?? []).filter((one) => one.endsWith(`/${path}`));
    return ending.length === 1 ? ending[0] : undefined;
  };
}

/** The longest end of an absolute path that is a file; its first name is of the machine, not of the tree. */
function endIn(paths: ReadonlySet<string>, path: string): string | undefined {
  const names = path.split('/').slice(1);
  for (let at = 1; at < names.length; at += 1) {
    const end = names.slice(at).join('/');
    // A bare name deep below somewhere else says nothing.
    if (paths.has(end) && (at < names.length - 1 || names.length <= MOST_ROOT_DEPTH)) return end;
  }
  return undefined;
}

/** Of a file at the root of a tree, counted from the root of the machine: `/tree/a.js`. */
const MOST_ROOT_DEPTH = 2;

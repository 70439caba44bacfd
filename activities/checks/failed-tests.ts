/** At most this many names are kept of one run. */
export const MAX_FAILED_TESTS = 50;
const MAX_NAME = 300;
/** What the patterns cost grows with the square of a line; no tool writes a longer one about a test. */
const MAX_LINE = 2_000;

/** How a tool names a failed test. The first group is the name as the tool takes it back. */
const PATTERNS: readonly RegExp[] = [
  // pytest: FAILED tests/test_a.py::test_b[x] - AssertionError
  /^(?:FAILED|ERROR) (\S+\.py(?:::\S+)?)(?: - .*)?$/,
  // jest and vitest: FAIL test/a.test.ts; the file is what both take as an argument
  /^\s*FAIL\s+(\S+\.[cm]?[jt]sx?)\b/,
  // TAP, which node --test prints into pipes
  /^\s*not ok \d+ -? ?(.+?)$/,
  // the spec reporter of node --test
  /^\s*✖ (.+?) \(\d[\d.]*m?s\)$/,
  // go test: top level only, because a subtest fails its parent
  /^--- FAIL: (\S+) \(/,
  // cargo test: test module::name ... FAILED
  /^test (\S+) \.\.\. FAILED$/,
  // mvn: [ERROR] ClassTest.method:12 expected …
  /^\[ERROR\]\s+(\w+Test\w*\.\w+):\d+/,
];
/** unittest: FAIL: test_x (tests.test_a.TestA.test_x), before 3.11 without the last part. */
const UNITTEST = /^(?:FAIL|ERROR): (\w+) \(([\w.]+)\)$/;
const TAP_DIRECTIVE = /\s#\s*(?:TODO|SKIP)\b/i;

/** Names of failed tests in the output of common tools, best effort: an unknown tool names none. */
export const failedTestsOf = (output: string): readonly string[] => {
  const names = new Set<string>();
  for (const line of output.split('\n')) {
    const name = line.length > MAX_LINE ? undefined : nameIn(line.trimEnd());
    if (name !== undefined && isUsable(name)) names.add(name);
    if (names.size === MAX_FAILED_TESTS) break;
  }
  return [...names];
};

const nameIn = (line: string): string | undefined => {
  const unittest = UNITTEST.exec(line);
  if (unittest) {
    const [, test = '', owner = ''] = unittest;
    return owner.endsWith(`.${test}`) ? owner : `${owner}.${test}`;
  }
  if (TAP_DIRECTIVE.test(line)) return undefined;
  for (const pattern of PATTERNS) {
    const name = pattern.exec(line)?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
};

/** A name that a command would take for an option is of no use to `rerun`. */
const isUsable = (name: string): boolean => name.length <= MAX_NAME && !name.startsWith('-');

/** The `rerun` command for these tests, each quoted for sh. */
export const rerunCommand = (template: string, tests: readonly string[]): string =>
  template.replaceAll('{tests}', () => tests.map((test) => `'${test.replaceAll("'", `'\\''`)}'`).join(' '));

interface RefusedCommand {
  readonly pattern: RegExp;
  readonly why: string;
}

/** Where a command may begin: at the start, after a separator, in a substitution, after words that run another. */
const START = String.raw`(?:^|[;&|(\n\x60{]|\$\(|\b(?:then|do|else|exec|env|nohup|time|xargs|command)\s)[^\S\n]*(?:\w+=[^\s;&|]*[^\S\n]+)*`;
const PATH = '(?:/usr/(?:local/)?s?bin/|/s?bin/)?';

const command = (rest: string): RegExp => new RegExp(`${START}${PATH}${rest}`);

/**
 * What is refused whatever else is allowed. This list explains, it does not protect: a command that hides from it runs
 * in the sandbox, which has no root, no device, no network and no file of the host.
 */
const REFUSED: readonly RefusedCommand[] = [
  {
    pattern: command(String.raw`(?:sudo|su|doas|pkexec)\b`),
    why: 'No command becomes another user: there is no root in the sandbox.',
  },
  { pattern: command(String.raw`mkfs(?:\.\w+)?\b`), why: 'File systems are not made here.' },
  { pattern: command(String.raw`dd\b[^;&|\n]*\bof=["']?/dev/(?!null\b)`), why: 'Devices are not written to.' },
];

const DOWNLOAD = /\b(?:curl|wget)\b/;
const SHELL = /^\s*(?:\S*\/)?(?:ba|da|z|k)?sh\b/;
const SHELL_OF_DOWNLOAD = /\b(?:ba|da|z)?sh\s+(?:-c\s+)?["']?(?:<\(|\$\()\s*(?:curl|wget)\b/;

/** Cut up first: one expression for all of it takes minutes for a long command that was made to that end. */
const pipesDownload = (text: string): boolean =>
  text.split(/[;\n]/).some((line) => {
    const [, ...after] = line.slice(Math.max(0, line.search(DOWNLOAD))).split('|');
    return DOWNLOAD.test(line) && after.some((part) => SHELL.test(part));
  }) || SHELL_OF_DOWNLOAD.test(text);

const RM = command(String.raw`rm\s+((?:[^;&|\n()\x60]|\\\n)*)`);
const OUTSIDE = /^(?:\/(?!src(?:\/|$)|tmp\/|agent\/)|~|\$\{?HOME|\.\.(?:\/|$))/;

/** Why the command is refused at once; undefined when it may run. */
export const whyNotCommand = (text: string): string | undefined => {
  const found = REFUSED.find(({ pattern }) => pattern.test(text));
  if (found) return found.why;
  if (pipesDownload(text)) return 'A download is never piped into a shell, and there is no network.';
  return deletesOutside(text)
    ? 'Nothing outside the working tree is deleted recursively: give a path relative to its root.'
    : undefined;
};

const deletesOutside = (text: string): boolean => {
  for (const match of text.matchAll(new RegExp(RM, 'g'))) {
    const words = (match[1] ?? '').split(/\s+/).filter(Boolean);
    const isRecursive = words.some((word) => word === '--recursive' || /^-[a-zA-Z]*[rR]/.test(word));
    if (isRecursive && words.some((word) => OUTSIDE.test(word.replace(/^["']/, '')))) return true;
  }
  return false;
};

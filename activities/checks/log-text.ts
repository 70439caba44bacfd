import type { CommandResult } from '../sandbox/command.js';
import { capturedText } from '../sandbox/output.js';

const ESC = String.fromCharCode(27);
const BEL = String.fromCharCode(7);
/** Control sequences, then operating system commands up to their end, then two-character escapes. */
const ESCAPES = new RegExp(
  `${ESC}\\[[0-?]*[ -/]*[@-~]|${ESC}[\\]PX^_][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\)?|${ESC}[ -/]*[0-~]`,
  'g',
);

const isPlain = (code: number): boolean => code === 9 || code === 10 || (code >= 32 && (code < 127 || code > 159));

/** Text without terminal escapes and control characters; a carriage return ends a line. */
export const plainText = (text: string): string => {
  const stripped = text.replace(ESCAPES, '').replace(/\r\n?/g, '\n');
  let plain = '';
  for (const character of stripped) if (isPlain(character.codePointAt(0) ?? 0)) plain += character;
  return plain;
};

/** What a person reads of one run: the command, its output, its end. Said aloud when there was no sandbox. */
export const logOf = (command: string, result: CommandResult): string =>
  [
    ...(result.isolation === 'none' ? ['WARNING: run without a sandbox, as an admin set sandbox: none.'] : []),
    `$ ${plainText(command)}`,
    plainText(capturedText(result.stdout)).trimEnd(),
    `[${endOf(result)} after ${(result.ms / 1000).toFixed(1)} s]`,
    '',
  ].join('\n');

const endOf = ({ end }: CommandResult): string => (end.kind === 'exited' ? `exit ${end.code}` : end.message);

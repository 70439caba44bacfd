import { expect, test } from '@jest/globals';
import { assemble } from '../../../infra/seccomp/assembler.js';
import { type FilteredArchitecture, seccompFilter } from '../../../infra/seccomp/filter.js';
import { DENIED } from '../../../infra/seccomp/syscalls.js';

interface Call {
  readonly number: number;
  readonly arch?: number;
  readonly args?: readonly number[];
}

const ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;

/** What the kernel would answer: it runs the program over the call's data. */
const verdict = (
  architecture: FilteredArchitecture,
  { number, arch = ARCH[architecture], args = [] }: Call,
): string => {
  const program = seccompFilter(architecture);
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(arch, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(BigInt(value), 16 + 8 * index);
  let register = 0;
  for (let at = 0; at < program.length; at += 8) {
    const [code, yes, no, k] = [
      program.readUInt16LE(at),
      program[at + 2],
      program[at + 3],
      program.readUInt32LE(at + 4),
    ];
    if (code === 0x20) register = data.readUInt32LE(k);
    else if (code === 0x15) at += 8 * ((register === k ? yes : no) ?? 0);
    else if (code === 0x45) at += 8 * (((register & k) !== 0 ? yes : no) ?? 0);
    else return { 2147418112: 'allowed', 2147483648: 'killed', 327681: 'EPERM', 327718: 'ENOSYS' }[k] ?? String(k);
  }
  return 'ran off the end';
};

const CALLS = {
  x64: { read: 0, clone: 56, clone3: 435, unshare: 272, socket: 41, socketpair: 53, ioctl: 16 },
} as const;
const ARM = { read: 63, clone: 220, clone3: 435, unshare: 97, socket: 198, socketpair: 199, ioctl: 29 } as const;

test.each([
  ['x64', CALLS.x64],
  ['arm64', ARM],
] as const)('%s: what is denied, and what programs live on', (architecture, calls) => {
  const ask = (number: number, ...args: number[]): string => verdict(architecture, { number, args });
  const index = architecture === 'x64' ? 0 : 1;
  for (const [name, numbers] of Object.entries(DENIED)) {
    const number = numbers[index];
    if (number !== undefined) expect([name, ask(number)]).toEqual([name, 'EPERM']);
  }
  expect({
    read: ask(calls.read),
    thread: ask(calls.clone, 0x3d0f00),
    fork: ask(calls.clone, 0x1200011),
    namespaces: [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000].map((flag) => [
      ask(calls.clone, flag + 17),
      ask(calls.unshare, flag),
    ]),
    timeNamespace: ask(calls.unshare, 0x80),
    ownFiles: ask(calls.unshare, 0x400),
    clone3: ask(calls.clone3),
    sockets: { unix: ask(calls.socket, 1), inet: ask(calls.socket, 2), inet6: ask(calls.socket, 10) },
    families: [ask(calls.socket, 38), ask(calls.socket, 40)],
    socketpair: ask(calls.socketpair, 1),
    typing: [ask(calls.ioctl, 0, 0x5412), ask(calls.ioctl, 0, 0x541c), ask(calls.ioctl, 0, 0x5413)],
  }).toEqual({
    read: 'allowed',
    thread: 'allowed',
    fork: 'allowed',
    namespaces: Array.from({ length: 7 }, () => ['EPERM', 'EPERM']),
    timeNamespace: 'EPERM',
    ownFiles: 'allowed',
    clone3: 'ENOSYS',
    sockets: { unix: 'EPERM', inet: 'allowed', inet6: 'allowed' },
    families: ['EPERM', 'EPERM'],
    socketpair: 'allowed',
    typing: ['EPERM', 'EPERM', 'allowed'],
  });
});

test('foreign and x32 calls are refused', () => {
  expect(verdict('x64', { number: 1, arch: 0x40000003 })).toBe('killed');
  expect(verdict('arm64', { number: 1, arch: 0x40000028 })).toBe('killed');
  expect(verdict('x64', { number: 0x40000000 })).toBe('ENOSYS');
});

test('a jump that cannot be made is refused', () => {
  expect(() => assemble([{ kind: 'jump', if: 'equals', value: 1, to: 'nowhere' }])).toThrow('to nowhere');
});

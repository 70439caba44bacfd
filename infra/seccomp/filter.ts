import { assemble, type Instruction } from './assembler.js';
import { DENIED, JUDGED } from './syscalls.js';

export type FilteredArchitecture = 'x64' | 'arm64';

export interface FilterOptions {
  /** An admin's exception: programs that talk to themselves over sockets in the file system. Default false. */
  readonly unixSockets?: boolean;
}

/** The kernel's names for the architectures, of linux/audit.h. */
const AUDIT_ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
/** Fields of `struct seccomp_data`; of an argument the low half, which is all that these calls look at. */
const FIELD = { number: 0, architecture: 4, argument: (index: number) => 16 + 8 * index } as const;
const X32_BIT = 0x4000_0000;

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const error = (errno: number): number => 0x0005_0000 + errno;
const EPERM = 1;
const ENOSYS = 38;

/** Mount, cgroup, UTS, IPC, user, pid and network namespaces; `unshare` knows time as well. */
const NEW_NAMESPACES = 0x7e02_0000;
const NEW_TIME = 0x80;
const AF_UNIX = 1;
const AF_ALG = 38;
const AF_VSOCK = 40;
/** They put words into the mouth of whoever types at the terminal. */
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

/**
 * What no command in a sandbox may ask the kernel, as a program for seccomp. Everything else stays allowed: this is the
 * second wall behind namespaces and dropped capabilities. `clone3` does not exist for it, because a filter cannot read
 * its arguments; libraries then use `clone`. `socketpair` stays: the pipes between processes of Node are made with it.
 */
export const seccompFilter = (
  architecture: FilteredArchitecture,
  { unixSockets = false }: FilterOptions = {},
): Buffer => {
  const index = architecture === 'x64' ? 0 : 1;
  const denied = Object.values(DENIED).flatMap((numbers) => numbers[index] ?? []);
  const families = [...(unixSockets ? [] : [AF_UNIX]), AF_ALG, AF_VSOCK];
  return assemble([
    { kind: 'load', offset: FIELD.architecture },
    equals(AUDIT_ARCH[architecture], 'own'),
    { kind: 'return', value: KILL_PROCESS },
    label('own'),
    { kind: 'load', offset: FIELD.number },
    ...(architecture === 'x64' ? [anyBitOf(X32_BIT, 'absent')] : []),
    ...Object.entries(JUDGED).map(([name, numbers]) => equals(numbers[index], name)),
    ...denied.map((number) => equals(number, 'denied')),
    { kind: 'return', value: ALLOW },
    ...judged('clone', 0, [anyBitOf(NEW_NAMESPACES, 'denied')]),
    ...judged('unshare', 0, [anyBitOf(NEW_NAMESPACES + NEW_TIME, 'denied')]),
    ...judged(
      'socket',
      0,
      families.map((family) => equals(family, 'denied')),
    ),
    ...judged('ioctl', 1, [equals(TIOCSTI, 'denied'), equals(TIOCLINUX, 'denied')]),
    label('denied'),
    { kind: 'return', value: error(EPERM) },
    label('clone3'),
    label('absent'),
    { kind: 'return', value: error(ENOSYS) },
  ]);
};

/** Whether a filter is known for this machine. */
export const isFiltered = (architecture: string): architecture is FilteredArchitecture =>
  architecture === 'x64' || architecture === 'arm64';

const label = (name: string): Instruction => ({ kind: 'label', name });
const equals = (value: number, to: string): Instruction => ({ kind: 'jump', if: 'equals', value, to });
const anyBitOf = (value: number, to: string): Instruction => ({ kind: 'jump', if: 'anyBitOf', value, to });

const judged = (name: string, argument: number, tests: readonly Instruction[]): readonly Instruction[] => [
  label(name),
  { kind: 'load', offset: FIELD.argument(argument) },
  ...tests,
  { kind: 'return', value: ALLOW },
];

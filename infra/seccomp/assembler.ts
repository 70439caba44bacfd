/** One instruction of classic BPF; a target is a label, resolved by `assemble`. */
export type Instruction =
  | { readonly kind: 'load'; readonly offset: number }
  /** Goes on with the next instruction when the test fails. */
  | { readonly kind: 'jump'; readonly if: 'equals' | 'anyBitOf'; readonly value: number; readonly to: string }
  | { readonly kind: 'return'; readonly value: number }
  | { readonly kind: 'label'; readonly name: string };

/** Operation codes of linux/bpf_common.h. */
const CODE = { load: 0x20, equals: 0x15, anyBitOf: 0x45, return: 0x06 } as const;
const BYTES = 8;
/** A jump has eight bits. */
const FARTHEST = 255;

/** The program as the kernel reads it, in little-endian as both architectures are. @throws for a jump too far or to nowhere */
export const assemble = (program: readonly Instruction[]): Buffer => {
  const labels = new Map<string, number>();
  const kept: Exclude<Instruction, { kind: 'label' }>[] = [];
  for (const instruction of program) {
    if (instruction.kind === 'label') labels.set(instruction.name, kept.length);
    else kept.push(instruction);
  }
  const bytes = Buffer.alloc(kept.length * BYTES);
  for (const [at, instruction] of kept.entries()) {
    bytes.writeUInt16LE(instruction.kind === 'jump' ? CODE[instruction.if] : CODE[instruction.kind], at * BYTES);
    if (instruction.kind === 'jump') {
      const distance = (labels.get(instruction.to) ?? Number.NaN) - at - 1;
      if (!(distance >= 0 && distance <= FARTHEST)) throw new Error(`No jump leads from ${at} to ${instruction.to}.`);
      bytes.writeUInt8(distance, at * BYTES + 2);
    }
    bytes.writeUInt32LE(instruction.kind === 'load' ? instruction.offset : instruction.value, at * BYTES + 4);
  }
  return bytes;
};

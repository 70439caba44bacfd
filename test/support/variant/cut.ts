/** One thing that protects, and where it stands: what is cut out of a copy of the program to show that it is needed. */
export interface Cut {
  readonly name: string;
  /** What it protects from, in one line. */
  readonly about: string;
  readonly edits: readonly Edit[];
}

export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly cut: string;
  /** What stands there instead. Default: nothing. */
  readonly put?: string;
}

/** @throws when the file does not hold the text exactly once: it has moved, and the entry must follow */
export const applyEdits = (edits: readonly Edit[], read: (file: string) => string): ReadonlyMap<string, string> => {
  const texts = new Map<string, string>();
  for (const { file, cut, put = '' } of edits) {
    const text = texts.get(file) ?? read(file);
    const places = text.split(cut).length - 1;
    if (places !== 1) throw new Error(`${file} holds ${JSON.stringify(cut)} ${places} times instead of once`);
    texts.set(
      file,
      text.replace(cut, () => put),
    );
  }
  return texts;
};

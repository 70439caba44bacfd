/** What doctor found about one thing that Millwright relies on. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** Whether work is refused while it is not ok; otherwise Millwright does with less. */
  readonly isRequired: boolean;
  readonly finding: string;
  /** What to do about it; absent when ok. */
  readonly remedy?: string;
}

export const passed = (name: string, finding: string): Check => ({ name, ok: true, isRequired: true, finding });

export const failed = (name: string, finding: string, remedy: string): Check => ({
  name,
  ok: false,
  isRequired: true,
  finding,
  remedy,
});

/** Not as it should be, and Millwright works all the same. */
export const advised = (name: string, finding: string, remedy: string): Check => ({
  ...failed(name, finding, remedy),
  isRequired: false,
});

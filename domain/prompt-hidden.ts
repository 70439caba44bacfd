/** Code points that a person does not see but a model reads. First and last of each range. */
const HIDDEN: readonly (readonly [number, number])[] = [
  [0x00, 0x08], // controls; tab and newline stay
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad], // soft hyphen
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160], // blanks of several scripts
  [0x17b4, 0x17b5],
  [0x180b, 0x180e],
  [0x200b, 0x200f], // zero-width and direction marks
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x2800, 0x2800],
  [0x3164, 0x3164],
  [0xd800, 0xdfff], // lone surrogates
  [0xfe00, 0xfe0d], // variation selectors but those of emoji
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff], // tags and more variation selectors
];

const isHidden = (codePoint: number): boolean =>
  // Most text is printable ASCII: decided before the table is read.
  (codePoint < 0x20 || codePoint > 0x7e) && HIDDEN.some(([first, last]) => codePoint >= first && codePoint <= last);

/** Whether a text carries anything that `showHidden` would make visible. */
export function hasHidden(text: string): boolean {
  for (const char of text) if (isHidden(char.codePointAt(0) ?? 0)) return true;
  return false;
}

/** Makes every hidden character visible as \u{hex}. Carriage returns go: they only hide what stands before them. */
export function showHidden(text: string): string {
  const lines = text.replace(/\r\n?/g, '\n');
  if (!hasHidden(lines)) return lines;
  let shown = '';
  for (const char of lines) {
    const codePoint = char.codePointAt(0) ?? 0;
    shown += isHidden(codePoint) ? `\\u{${codePoint.toString(16)}}` : char;
  }
  return shown;
}

/** One line, for titles and names inside our own sentences. */
export const plainLine = (text: string, maxChars = 200): string => {
  const line = showHidden(text).replace(/\s+/g, ' ').trim();
  return line.length > maxChars ? `${line.slice(0, maxChars - 1)}…` : line;
};

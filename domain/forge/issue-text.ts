// The text of an issue as the text of an epic. Somebody outside wrote it: it is data, whoever wrote it. Pure.
import { capText } from '../prompt-data.js';
import { plainLine, showHidden } from '../prompt-hidden.js';

const MOST_TITLE = 200;
const MOST_DESCRIPTION = 60_000;
const NO_TITLE = 'An issue without a title';

/** One line, with everything visible that would not be. */
export const epicTitle = (title: string): string => plainLine(title, MOST_TITLE) || NO_TITLE;

/**
 * Comments that the page does not show go, so that nobody approves what they cannot see; hidden characters are shown.
 * It is marked as data where it enters a prompt.
 */
export const epicDescription = (body: string): string =>
  capText(showHidden(withoutComments(body)).trim(), MOST_DESCRIPTION);

/** An unclosed comment hides all that follows it, on the page too. */
function withoutComments(text: string): string {
  let kept = '';
  let rest = text;
  for (;;) {
    const start = rest.indexOf('<!--');
    if (start === -1) return kept + rest;
    kept += rest.slice(0, start);
    const end = rest.indexOf('-->', start + 4);
    if (end === -1) return kept;
    rest = rest.slice(end + 3);
  }
}

import { plainText } from '../../replies/index.ts';

/** Breaks what GitHub would make a link or a mention of, and is not seen. */
const JOINER = '\u2060';

/**
 * Text from outside as part of a sentence in GitHub's Markdown: it shows what it is and does nothing. No mark of Markdown or
 * HTML works in it; nobody is mentioned, no issue, commit or address becomes a link. What stands between backticks, and the
 * name of a commit, is shown as code. Pure.
 */
export function inline(text: string, longest?: number): string {
  return plainText(text, longest)
    .split(/(`[^`]+`|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b)/i)
    .map((part, index) => (index % 2 ? code(part.replace(/^`|`$/g, '')) : escaped(part)))
    .join('');
}

/** Text from outside as code: GitHub makes no mention and no link of what stands in it. Pure. */
export function code(text: string, longest?: number): string {
  // A table splits its cells before it looks for code.
  const safe = plainText(text, longest).replaceAll('|', '\\|');
  if (!safe.trim()) return '';
  const fence = '`'.repeat(longestRun(safe) + 1);
  const pad = /^`|`$|^ .* $/.test(safe) ? ' ' : '';
  return `${fence}${pad}${safe}${pad}${fence}`;
}

/** Lines from outside in a fence that nothing in them can close. Pure. */
export function fenced(lines: readonly string[], language = 'text'): { open: string; close: string } {
  const fence = '`'.repeat(Math.max(3, ...lines.map((line) => longestRun(line) + 1)));
  return { open: `${fence}${language}`, close: fence };
}

/** A link to an address of our own making; one that is no http address stands there as code. Pure. */
export function link(text: string, url: string): string {
  if (!/^https?:\/\/[\w.~:/?#@!$&*+,;=%[\]-]+$/.test(url)) return code(text);
  return `[${escaped(plainText(text))}](<${url}>)`;
}

function escaped(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replace(/[\\`*_[\]#|~$]/g, '\\$&')
      // At the beginning of a line these would make a list, a heading or a command of it.
      .replace(/^(\s*)([-+=/])/, '$1\\$2')
      .replace(/^(\s*\d{1,9})([.)])/, '$1\\$2')
      // What follows is looked for in the finished page, where the backslashes are gone.
      .replace(/@|#/g, `$&${JOINER}`)
      .replace(/:(?=[\w\\+-]+:)/g, `:${JOINER}`)
      .replace(/(GH)-(?=\d)/gi, `$1${JOINER}-`)
      .replace(/(https?|ftp|mailto):/gi, `$1${JOINER}:`)
      .replace(/www(?=\.)/gi, `$&${JOINER}`)
  );
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}

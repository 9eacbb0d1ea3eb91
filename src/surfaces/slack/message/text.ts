import { plainText } from '../../../replies/index.ts';

/** Breaks what Slack would make a link or a mention of, and is not seen. */
const JOINER = '\u2060';
/** Control characters are counted before they are gone, and a log line may have megabytes. */
const MOST_READ = 100_000;

/**
 * Text from outside as it may stand in a `plain_text`, `raw_text` or `rich_text` element: one line, no control characters,
 * no name and no address that Slack would make clickable, never longer than `longest`. Never empty. Pure.
 */
export function harmless(text: string, longest: number): string {
  return cut(
    plainText(text.slice(0, MOST_READ).toWellFormed(), MOST_READ)
      .replace(/@(?=\w)/g, `@${JOINER}`)
      .replace(/:(?=\/\/)/g, `${JOINER}:`)
      .replace(/\b(mailto|tel|javascript|data):/gi, `$1${JOINER}:`)
      .replace(/\bwww(?=\.)/gi, `www${JOINER}`)
      .trim() || '–',
    longest,
  );
}

/** A line from outside that keeps its blanks, for a preformatted element: Slack makes nothing of what stands in one. Pure. */
export function verbatimLine(line: string, longest: number): string {
  return cut(plainText(line.slice(0, MOST_READ).toWellFormed(), MOST_READ), longest);
}

/**
 * The sentence of a message, which notifications and screen readers take. Slack reads markup in it, so nothing of what is
 * in it may be markup: no mention, no link, no emoji. Pure.
 */
export function sentence(text: string, longest = 600): string {
  const safe = harmless(text, longest).replace(/:(?=[\w+'-]+:)/g, `:${JOINER}`);
  return escaped(safe.replace(/[*_~`]/g, (mark) => `${JOINER}${mark}`));
}

/** The three characters that begin and end Slack's own markup. Pure. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** At most `longest` characters, and never half of one. Pure. */
export function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const kept = text.slice(0, Math.max(0, longest - 1));
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

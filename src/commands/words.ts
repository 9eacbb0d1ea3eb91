import { Failure } from '../failure.ts';

/** One word of a line, and where it stands in it. */
export interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Whether it begins with a quote: then it is a value, never an option or a preposition. */
  readonly quoted: boolean;
}

/** A line and its words; errors point into the line. */
export interface Said {
  readonly line: string;
  readonly words: readonly Word[];
}

/** What a bare word may hold without being quoted. */
const BARE = /^[^\s'"\\]+$/;
const BLANK = /\s/;
const WIDEST_EXCERPT = 100;

/**
 * Splits a line: bare words, 'single quotes' that take everything as it is, and "double quotes" in which \" and \\ stand for
 * themselves. Nothing is ever expanded. Throws a Failure `usage` with a caret under a quote that is not closed.
 */
export function saidIn(line: string): Said {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    if (BLANK.test(line[at] ?? '')) {
      at++;
      continue;
    }
    const word = wordAt(line, at);
    words.push(word);
    at = word.end;
  }
  return { line, words };
}

function wordAt(line: string, start: number): Word {
  let text = '';
  const quoted = line[start] === '"' || line[start] === "'";
  let at = start;
  while (at < line.length && !BLANK.test(line[at] ?? '')) {
    const quote = line[at];
    if (quote !== '"' && quote !== "'") {
      text += line[at++];
      continue;
    }
    const part = quotedPart(line, at, quote);
    text += part.text;
    at = part.end;
  }
  return { text, start, end: at, quoted };
}

function quotedPart(line: string, start: number, quote: '"' | "'"): { text: string; end: number } {
  let text = '';
  for (let at = start + 1; at < line.length; at++) {
    const character = line[at] ?? '';
    if (character === quote) return { text, end: at + 1 };
    const next = line[at + 1];
    if (quote === '"' && character === '\\' && (next === '"' || next === '\\')) {
      text += next;
      at++;
    } else text += character;
  }
  throw usage(
    'A quote is not closed.',
    { line, words: [] },
    { start, end: start + 1 },
    `Close it with ${quote}.`,
  );
}

/** Words that came one by one, as from a shell that has taken their quotes away, put into a line as they would be typed. */
export function saidAs(given: readonly (string | Pick<Word, 'text' | 'quoted'>)[], before: string): Said {
  let line = before;
  const words = given.map((each) => {
    const { text, quoted: isValue } = typeof each === 'string' ? { text: each, quoted: false } : each;
    if (line) line += ' ';
    const start = line.length;
    line += quoted(text);
    return { text, start, end: line.length, quoted: isValue };
  });
  return { line, words };
}

/** A word as it is typed. */
export function quoted(text: string): string {
  return BARE.test(text) ? text : inQuotes(text);
}

/** A word that stands in quotes whatever it is, so that it is a value. */
export function inQuotes(text: string): string {
  return text.includes("'") ? `"${text.replace(/[\\"]/g, '\\$&')}"` : `'${text}'`;
}

/** A Failure `usage` that shows the line with a caret under what is wrong. */
export function usage(
  message: string,
  { line }: Said,
  place: Pick<Word, 'start' | 'end'> | undefined,
  advice: string,
  code = 'usage',
): Failure {
  const excerpt = place && excerptOf(line, place);
  return new Failure(code, message, { advice, ...(excerpt ? { excerpt } : {}) });
}

function excerptOf(line: string, { start, end }: Pick<Word, 'start' | 'end'>): string {
  const from = Math.max(0, Math.min(start - 40, line.length - WIDEST_EXCERPT));
  const shown = line.slice(from, from + WIDEST_EXCERPT).replace(/\s/g, ' ');
  const width = Math.max(1, Math.min(end, from + WIDEST_EXCERPT) - start);
  return `${shown}\n${' '.repeat(start - from)}${'^'.repeat(width)}`;
}

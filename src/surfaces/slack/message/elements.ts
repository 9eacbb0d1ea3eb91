import type {
  ContextBlock,
  HeaderBlock,
  PlainTextElement,
  RichTextBlock,
  RichTextBlockElement,
  RichTextElement,
  RichTextText,
} from '@slack/types';
import { momentWords } from '../../../replies/index.ts';
import { escaped, harmless, verbatimLine } from './text.ts';

/** Somebody, by the name that the bot knows; `slack` is set only for a verified id of this workspace. */
export interface Person {
  readonly name: string;
  readonly slack?: string;
}

/** What Slack takes of each: longer ones are refused with `invalid_blocks`. */
export const MOST = {
  header: 150,
  section: 3_000,
  field: 2_000,
  button: 75,
  label: 75,
  option: 75,
  title: 24,
  value: 2_000,
} as const;

/** Slack takes 3,000; the bot's own are never so long, and a message has room for few of those. */
const LONGEST_URL = 500;
/** A day has passed, or almost: then the hour alone would mislead. */
const HALF_A_DAY_MS = 43_200_000;

/** Text from outside, or own text, in which nothing is markup. Pure. */
export function plain(text: string, longest: number): PlainTextElement {
  return { type: 'plain_text', text: harmless(text, longest), emoji: false };
}

export function header(text: string): HeaderBlock {
  return { type: 'header', text: plain(text, MOST.header) };
}

/** Paragraphs of text elements. */
export function rich(...elements: readonly RichTextBlockElement[]): RichTextBlock {
  return { type: 'rich_text', elements: [...elements] };
}

export function paragraph(...elements: readonly RichTextElement[]): RichTextBlockElement {
  return { type: 'rich_text_section', elements: [...elements] };
}

export function quote(...elements: readonly RichTextElement[]): RichTextBlockElement {
  return { type: 'rich_text_quote', elements: [...elements] };
}

/** Lines from outside as they are, in a box. */
export function preformatted(lines: readonly string[], longestLine = 500): RichTextBlockElement {
  const text = lines.map((line) => verbatimLine(line, longestLine)).join('\n') || ' ';
  return { type: 'rich_text_preformatted', elements: [{ type: 'text', text }] };
}

/** Words of the bot itself, with their blanks. */
export function own(text: string): RichTextText {
  return { type: 'text', text };
}

/** Words from outside. */
export function said(text: string, longest = 300): RichTextText {
  return { type: 'text', text: harmless(text, longest) };
}

export function bold(text: string, longest = 300): RichTextText {
  return { type: 'text', text: harmless(text, longest), style: { bold: true } };
}

export function code(text: string, longest = 300): RichTextText {
  return { type: 'text', text: verbatimLine(text, longest).trim() || '–', style: { code: true } };
}

/** A link to an address of the bot's own making; one that is no http address stands there as text. */
export function link(text: string, url: string): RichTextElement {
  return isAddress(url) ? { type: 'link', url, text: harmless(text, 200) } : said(text, 200);
}

export function isAddress(url: string): boolean {
  return url.length <= LONGEST_URL && /^https?:\/\/[\w.~:/?#@!$&*+,;=%[\]-]+$/.test(url);
}

/**
 * Whether a text is of figures, names and commas alone, so that Slack's markup around it stays what it is: no mark, no
 * mention, no emoji, no address.
 */
export function isHarmless(text: string): boolean {
  return (
    text.length <= 300 &&
    /^[\w .,:;/%$€£·()+–✓#°…-]+$/.test(text) &&
    !/_\S|\S_|:[\w+-]+:|:\/\/|www\./i.test(text)
  );
}

/** A line in small print. A name from outside among the bot's own words makes all of it plain text. */
export function note(text: string): ContextBlock {
  return {
    type: 'context',
    elements: [isHarmless(text) ? { type: 'mrkdwn', text, verbatim: true } : plain(text, 500)],
  };
}

/** Somebody as Slack shows people, or by name. */
export function person({ name, slack }: Person): RichTextElement {
  return slack && isUser(slack) ? { type: 'user', user_id: slack } : said(name, 80);
}

export function isUser(id: string): boolean {
  return /^[UW][A-Z\d]{2,20}$/.test(id);
}

/** A moment in the reader's own time zone. */
export function moment(atMs: number, nowMs: number): RichTextElement {
  return {
    type: 'date',
    timestamp: Math.floor(atMs / 1000),
    format: formatOf(atMs, nowMs),
    fallback: momentWords(atMs, nowMs),
  };
}

/** The same within `mrkdwn`. */
export function momentMarkup(atMs: number, nowMs: number): string {
  return `<!date^${Math.floor(atMs / 1000)}^${formatOf(atMs, nowMs)}|${escaped(momentWords(atMs, nowMs))}>`;
}

function formatOf(atMs: number, nowMs: number): string {
  return Math.abs(atMs - nowMs) < HALF_A_DAY_MS ? '{time}' : '{date_short_pretty} {time}';
}

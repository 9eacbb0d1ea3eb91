import { Failure } from '../failure.ts';

const BIDI = '\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069';
const INVISIBLE = /[\u00ad\u200b-\u200d\u2060\ufeff]/g;

/**
 * A line as people meant it: without what phones, word processors and chat programs made of it. Never changes what stands
 * for a value. Throws a Failure `usage` for a word that holds characters which turn the direction of text.
 */
export function repaired(text: string): string {
  const line = text
    .normalize('NFC')
    .replace(INVISIBLE, '')
    .replace(/[\p{Zs}\t]/gu, ' ');
  if (
    new RegExp(`\\S[${BIDI}]+[^\\s${BIDI}]`, 'u').test(
      line.replace(new RegExp(`(^|\\s)[${BIDI}]+`, 'gu'), '$1'),
    )
  ) {
    throw new Failure('usage', 'A word holds characters that turn the direction of text.', {
      advice: 'Type the command again instead of pasting it.',
    });
  }
  return decoded(withoutReferences(line.replace(new RegExp(`[${BIDI}]`, 'gu'), '')))
    .replace(/[\u201c\u201d\u201e\u201f\u2033]/g, '"')
    .replace(/[\u2018\u2019\u201a\u201b\u2032]/g, "'")
    .replace(/(^|\s)[\u2013\u2014\u2015]+(?=[A-Za-z])/g, '$1--')
    .trim();
}

/** Slack's `<https://x|x>`, `<@U1|ann>` and `<#C1|ops>` as what people see of them. */
function withoutReferences(line: string): string {
  return line.replace(
    /<(?:[@#!])?([^<>|\s]+)(?:\|([^<>|]*))?>/g,
    (_whole, id: string, label?: string) => label || id,
  );
}

/** Decoded once: `&amp;lt;` was typed as `&lt;`. */
function decoded(line: string): string {
  const characters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>' };
  return line.replace(/&(amp|lt|gt);/g, (whole, name: string) => characters[name] ?? whole);
}

import { nearestWord } from '../spec/index.ts';
import { usageOf } from './usage.ts';
import type { Command, Option, Verb } from './verb.ts';
import { type Said, usage, type Word } from './words.ts';

const LONGEST_VALUE = 200;
/** A path, and a sentence for the history, may be longer. */
const LONGER_VALUES: Readonly<Record<string, number>> = { file: 1_000, reason: 500 };
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Takes the options out of a command's words and gives them their types. Throws a Failure `usage`. */
export function readOptions(
  verb: Verb,
  words: readonly Word[],
  said: Said,
): { bare: Word[]; options: Command['options'] } {
  const bare: Word[] = [];
  const options: Record<string, string | number | boolean> = {};
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (!word) continue;
    if (!isOption(word)) {
      bare.push(word);
      continue;
    }
    const equals = word.text.indexOf('=');
    const name = equals < 0 ? word.text : word.text.slice(0, equals);
    const given = equals < 0 ? undefined : word.text.slice(equals + 1);
    const { option, denied } = optionNamed(verb, name, word, said);
    if (options[option.name] !== undefined)
      throw usage(`--${option.name} is given twice.`, said, word, usageOf(verb));
    if (option.type === 'flag') {
      if (given !== undefined) throw usage(`--${option.name} takes no value.`, said, word, usageOf(verb));
      options[option.name] = !denied;
      continue;
    }
    const next = given === undefined ? words[++at] : word;
    if (next === undefined) throw usage(`--${option.name} needs a value.`, said, word, usageOf(verb));
    options[option.name] = typed(option, given ?? next.text, next, said);
  }
  return { bare, options };
}

function isOption({ text, quoted }: Word): boolean {
  return !quoted && /^--?[A-Za-z]/.test(text);
}

function optionNamed(verb: Verb, name: string, word: Word, said: Said): { option: Option; denied: boolean } {
  const named = (text: string) =>
    verb.options.find((option) => text === `--${option.name}` || text === `-${option.letter}`);
  const option = named(name);
  if (option) return { option, denied: false };
  const positive = /^--no-(.+)$/.exec(name)?.[1];
  const flag = positive === undefined ? undefined : named(`--${positive}`);
  if (flag?.type === 'flag') return { option: flag, denied: true };
  const near = nearestWord(
    name.replace(/^-+/, ''),
    verb.options.map((each) => each.name),
  );
  const corrected = `${said.line.slice(0, word.start)}--${near}${said.line.slice(word.start + name.length)}`;
  throw usage(
    `${verb.name} has no option ${name}.`,
    said,
    word,
    near ? `Did you mean: ${corrected}` : usageOf(verb),
  );
}

function typed(option: Option, value: string, word: Word, said: Said): string | number {
  const wrong = (expected: string) =>
    usage(`--${option.name} ${value}: expected ${expected}.`, said, word, '');
  if (value.length > (LONGER_VALUES[option.name] ?? LONGEST_VALUE))
    throw usage(`--${option.name} has ${value.length} characters.`, said, word, 'Write less.');
  switch (option.type) {
    case 'number':
      if (/^\d{1,9}$/.test(value)) return Number(value);
      throw wrong('a whole number such as 20');
    case 'duration': {
      const durationMs = durationIn(value);
      if (durationMs !== undefined) return durationMs;
      throw wrong('a duration such as 90m or 4h');
    }
    case 'time':
      if (/^\d{1,2}:\d{2}$|^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(value)) return value;
      throw wrong('a time such as 18:00 (UTC) or 2026-11-24T18:00Z');
    default:
      break;
  }
  if (!option.values || option.values.includes(value)) return value;
  const near = nearestWord(value, option.values);
  throw wrong(`${option.values.join(', ')}${near ? `; did you mean ${near}?` : ''}`);
}

/** `90m`, `1h30m`, `7d` in milliseconds; at most ten years. */
function durationIn(text: string): number | undefined {
  if (!/^(\d{1,9}[smhd])+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  const sum = parts.reduce((total, [, count, unit = '']) => total + Number(count) * (UNITS[unit] ?? 0), 0);
  return sum <= 3_650 * 86_400_000 ? sum : undefined;
}

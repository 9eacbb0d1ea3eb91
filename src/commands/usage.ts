import type { Failure } from '../failure.ts';
import { nearestWord } from '../spec/index.ts';
import type { Argument, ArgumentName, Option, Verb } from './verb.ts';
import { type Said, usage, type Word } from './words.ts';

/** How the verb is written, such as `katabot logs GROUP [in ENVIRONMENT] [--tail N]`; what is missing stands in ‹…›. */
export function usageOf(verb: Verb, missing?: ArgumentName): string {
  const parts = verb.arguments
    .toSorted((a, b) => Number(a.name === 'command') - Number(b.name === 'command'))
    .map((argument) => {
      const word = wordFor(argument);
      return argument.name === missing ? `‹${word}›` : argument.required ? word : `[${word}]`;
    });
  const options = verb.options.map((option) => `[--${option.name}${hintOf(option)}]`);
  const [last] = parts.slice(-1);
  const own = last?.includes('-- ') ? [...parts.slice(0, -1), ...options, last] : [...parts, ...options];
  return ['katabot', verb.name, ...own].join(' ');
}

function wordFor({ name, repeated }: Argument): string {
  switch (name) {
    case 'environment':
      return 'in ENVIRONMENT';
    case 'release':
      return 'to RELEASE';
    case 'commit':
      return '@COMMIT';
    case 'command':
      return '-- COMMAND...';
    default:
      return `${name.toUpperCase()}${repeated ? '...' : ''}`;
  }
}

/** What stands after an option in a usage line. */
export function hintOf({ type, values }: Option): string {
  if (values) return ` ${values.join('|')}`;
  return { flag: '', number: ' N', text: ' TEXT', duration: ' DURATION', time: ' TIME' }[type];
}

/** For a word that has no place; near enough to a preposition, the whole line is given as it was meant. */
export function surplus(verb: Verb, word: Word, said: Said): Failure {
  const takesEnvironment = verb.arguments.some(({ name }) => name === 'environment');
  const near = word.text === 'at' ? 'in' : nearestWord(word.text.toLowerCase(), ['in', 'to', 'on']);
  const advice =
    takesEnvironment && near && near !== word.text.toLowerCase()
      ? `Did you mean: ${said.line.slice(0, word.start)}${near}${said.line.slice(word.end)}`
      : usageOf(verb);
  return usage(`${verb.name} does not know what to do with "${word.text}".`, said, word, advice);
}

import { Failure } from '../failure.ts';
import { nearestWord } from '../spec/index.ts';
import { assembled, takes } from './assemble.ts';
import type { Known } from './known.ts';
import { readOptions } from './options.ts';
import { repaired } from './repair.ts';
import { VERBS } from './table.ts';
import { usageOf } from './usage.ts';
import type { Command, Surface, Verb } from './verb.ts';
import { type Said, saidAs, saidIn, usage, type Word } from './words.ts';

const MOST_WORDS = 64;
const MOST_CHARACTERS = 2_000;
const PREFIX = /^(?:\/(kata|deploy)|(katabot))(?=\s|$)/i;

/**
 * Words, as from a shell, to a command. Never guesses: throws a Failure `usage` (or `wrong-surface`) that shows the line
 * with a caret under the word that is wrong, and says what to write.
 */
export function parse(words: readonly string[], surface?: Surface): Command {
  return commandIn(saidAs(words, 'katabot'), surface);
}

/**
 * One line of text to a command; undefined when it begins with no prefix and is none. `/deploy` alone deploys, and a verb
 * may follow it as it follows `/kata`. Throws as `parse` does, and `ambiguous` for a word with two meanings.
 */
export function parseLine(
  text: string,
  surface: Surface,
  known: Known = { environments: [], groups: [] },
): Command | undefined {
  if (!PREFIX.test(text.replace(/^[\s\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+/, '')))
    return undefined;
  const { line, words } = saidIn(repaired(text));
  const [prefix, ...rest] = words;
  const said = { line, words: rest };
  return commandIn(prefix?.text.toLowerCase() === '/deploy' ? withDeploy(said, known) : said, surface, known);
}

/** `/deploy staging` is `/kata deploy to staging`: for an environment, a group or nothing at all the verb may be left out. */
function withDeploy({ line, words }: Said, { environments, groups }: Known): Said {
  const [first] = words;
  const deploy = (more: readonly string[]) => saidAs([...more, ...words.slice(first ? 1 : 0)], '/kata');
  if (!first) return deploy(['deploy']);
  if (!first.quoted && findVerb(first.text)) return { line, words };
  const [asEnvironment, asGroup] = [
    ['deploy', 'to', first.text],
    ['deploy', first.text],
  ];
  const isEnvironment = environments.includes(first.text);
  if (isEnvironment && groups.includes(first.text)) {
    throw usage(
      `${first.text} is an environment and a group.`,
      { line, words },
      first,
      `Write /kata ${asEnvironment.join(' ')} or /kata ${asGroup.join(' ')}`,
      'ambiguous',
    );
  }
  if (isEnvironment) return deploy(asEnvironment);
  if (/^(to|in|on)$/i.test(first.text) || first.text.startsWith('-') || first.text.startsWith('@'))
    return deploy(['deploy', first.text]);
  const near = nearestWord(first.text.toLowerCase(), namesOf());
  if (near && !groups.includes(first.text)) throw unknownVerb(first, { line, words }, near);
  return deploy(asGroup);
}

function commandIn(said: Said, surface: Surface | undefined, { here }: Partial<Known> = {}): Command {
  if (said.words.length > MOST_WORDS || said.line.length > MOST_CHARACTERS + 'katabot '.length) {
    throw usage(
      'That is more than a command may have.',
      said,
      undefined,
      '64 words of 2,000 characters are the most.',
    );
  }
  const [first, ...rest] = said.words;
  const verb = first ? verbIn(first, said) : verbNamed('help');
  refuseElsewhere(verb, surface);
  if (!verb.takesSecret) return understood(verb, rest, said, here);
  try {
    return understood(verb, rest, said, here);
  } catch (error) {
    throw unrepeated(error, verb, rest);
  }
}

function understood(verb: Verb, rest: readonly Word[], said: Said, here: Known['here']): Command {
  const asksHelp = rest.find(({ text, quoted }) => !quoted && (text === '--help' || text === '-h'));
  const end = rest.findIndex(({ text, quoted }) => text === '--' && !quoted);
  if (asksHelp && (end < 0 || rest.indexOf(asksHelp) < end))
    return { verb: verbNamed('help'), words: [verb.name], options: {} };
  const argv = end < 0 ? undefined : rest.slice(end + 1).map(({ text }) => text);
  const { bare, options } = readOptions(verb, end < 0 ? rest : rest.slice(0, end), said);
  if (argv && !takes(verb, 'command'))
    throw usage(`${verb.name} takes nothing after --.`, said, rest[end], usageOf(verb));
  return assembled(verb, bare, { argv, options }, said, here);
}

/** What was wrong, without any of the words: one of them may be a value that somebody wrote where it does not belong. */
function unrepeated(error: unknown, verb: Verb, words: readonly Word[]): unknown {
  if (!(error instanceof Failure)) return error;
  const { code, message, advice } = error;
  const said = words.slice(1).filter(({ text }) => !verb.options.some(({ name }) => text === `--${name}`));
  const repeats = said.some(({ text }) => `${message} ${advice}`.includes(text));
  return new Failure(code, repeats ? `${verb.name} does not understand what follows it.` : message, {
    advice: `${repeats || !advice ? usageOf(verb) : advice}. A value is no word of it: it is asked for, or read from standard input.`,
  });
}

function verbIn(word: Word, said: Said): Verb {
  const verb = findVerb(word.text);
  if (verb) return verb;
  throw unknownVerb(word, said, nearestWord(word.text.toLowerCase(), namesOf()));
}

/** Whether a verb takes a secret, or was probably meant to be one that does. */
export function meansSecret(word: string): boolean {
  const near = findVerb(word)?.name ?? nearestWord(word.toLowerCase(), namesOf()) ?? '';
  return findVerb(near)?.takesSecret === true;
}

function unknownVerb(word: Word, said: Said, near: string | undefined): Failure {
  if (near && findVerb(near)?.takesSecret) {
    return new Failure('usage', `There is no verb "${word.text}".`, {
      advice: `Did you mean: katabot ${near}`,
    });
  }
  const corrected = near && `${said.line.slice(0, word.start)}${near}${said.line.slice(word.end)}`;
  const advice = corrected ? `Did you mean: ${corrected}` : 'katabot help lists the verbs.';
  return usage(`There is no verb "${word.text}".`, said, word, advice);
}

function namesOf(): string[] {
  return VERBS.flatMap(({ name, aliases }) => [name, ...aliases]);
}

function findVerb(word: string): Verb | undefined {
  const wanted = word === '--help' || word === '-h' ? 'help' : word.toLowerCase();
  return VERBS.find(({ name, aliases }) => name === wanted || aliases.includes(wanted));
}

/** The verb of that name or alias. Throws a Failure `usage` for one that does not exist. */
export function verbNamed(word: string): Verb {
  const said = saidAs([word], 'katabot');
  const [first = { text: '', start: 0, end: 0, quoted: false }] = said.words;
  return verbIn(first, said);
}

function refuseElsewhere(verb: Verb, surface: Surface | undefined): void {
  if (surface === undefined || verb.surfaces.includes(surface)) return;
  if (surface === 'cli' && verb.surfaces.includes('local')) return;
  const said = saidAs([verb.name], 'katabot');
  const where = verb.surfaces.map((each) => PLACES[each]).join(' and ');
  const why = verb.takesSecret ? ': a value that is said here is read by everybody who reads this place' : '';
  throw usage(
    `${verb.name} cannot be said here${why}.`,
    said,
    undefined,
    `Say it ${where}.`,
    'wrong-surface',
  );
}

const PLACES: Readonly<Record<Surface, string>> = {
  local: 'on the command line of your own machine',
  cli: 'on the command line',
  api: 'through the HTTP API',
  git: 'as a push option',
  github: 'in a pull request',
  slack: 'in Slack',
};

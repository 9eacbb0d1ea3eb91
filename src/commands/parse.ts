import type { Failure } from '../failure.ts';
import { nearestWord } from '../spec/index.ts';
import { readOptions } from './options.ts';
import { repaired } from './repair.ts';
import { VERBS } from './table.ts';
import { surplus, usageOf } from './usage.ts';
import type { Argument, ArgumentName, Command, Surface, Target, Verb } from './verb.ts';
import { type Said, saidAs, saidIn, usage, type Word } from './words.ts';

const MOST_WORDS = 64;
const MOST_CHARACTERS = 2_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const ENVIRONMENT = /^[a-z0-9][a-z0-9-]{0,39}$/;
const PRODUCTION = 'production';
const PREFIX = /^(?:\/(kata|deploy)|(katabot))(?=\s|$)/i;

/** What a bare word could mean besides a verb; known to who asks. */
export interface Known {
  readonly environments: readonly string[];
  readonly groups: readonly string[];
}

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
  return commandIn(prefix?.text.toLowerCase() === '/deploy' ? withDeploy(said, known) : said, surface);
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

function commandIn(said: Said, surface: Surface | undefined): Command {
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
  const asksHelp = rest.find(({ text, quoted }) => !quoted && (text === '--help' || text === '-h'));
  const end = rest.findIndex(({ text, quoted }) => text === '--' && !quoted);
  if (asksHelp && (end < 0 || rest.indexOf(asksHelp) < end))
    return { verb: verbNamed('help'), words: [verb.name], options: {} };
  const argv = end < 0 ? undefined : rest.slice(end + 1).map(({ text }) => text);
  const { bare, options } = readOptions(verb, end < 0 ? rest : rest.slice(0, end), said);
  const parts = separate(verb, bare, said);
  if (argv && !takes(verb, 'command'))
    throw usage(`${verb.name} takes nothing after --.`, said, rest[end], usageOf(verb));
  return assemble(verb, parts, { argv, options }, said);
}

function verbIn(word: Word, said: Said): Verb {
  const verb = findVerb(word.text);
  if (verb) return verb;
  const near = nearestWord(word.text.toLowerCase(), namesOf());
  throw unknownVerb(word, said, near);
}

function unknownVerb(word: Word, said: Said, near: string | undefined): Failure {
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
  throw usage(`${verb.name} cannot be said here.`, said, undefined, `Say it ${where}.`, 'wrong-surface');
}

const PLACES: Readonly<Record<Surface, string>> = {
  local: 'on the command line of your own machine',
  cli: 'on the command line',
  api: 'through the HTTP API',
  git: 'as a push option',
};

/** The words of a command by their kinds. */
interface Parts {
  readonly plain: readonly Word[];
  readonly environment?: Word;
  readonly release?: Command['release'];
  readonly commit?: string;
}

function takes({ arguments: all }: Verb, name: ArgumentName): boolean {
  return all.some((argument) => argument.name === name);
}

function separate(verb: Verb, bare: readonly Word[], said: Said): Parts {
  const plain: Word[] = [];
  let parts: Omit<Parts, 'plain'> = {};
  const once = (name: keyof Omit<Parts, 'plain'>, word: Word) => {
    if (parts[name] === undefined) return;
    throw usage(`${verb.name} is told twice which ${name}.`, said, word, usageOf(verb));
  };
  for (let at = 0; at < bare.length; at++) {
    const word = bare[at];
    if (!word) continue;
    const next = bare[at + 1];
    const release = releaseIn(verb, word);
    if (
      !word.quoted &&
      /^(in|to|on)$/i.test(word.text) &&
      (takes(verb, 'environment') || takes(verb, 'release'))
    ) {
      if (!next) throw usage(`"${word.text}" needs a name after it.`, said, word, usageOf(verb));
      const to = releaseIn(verb, next);
      once(to ? 'release' : 'environment', next);
      parts = to ? { ...parts, release: to } : { ...parts, environment: environmentIn(verb, next, said) };
      at++;
    } else if (release) {
      once('release', word);
      parts = { ...parts, release };
    } else if (!word.quoted && takes(verb, 'commit') && word.text.startsWith('@')) {
      once('commit', word);
      parts = { ...parts, commit: commitIn(word, said) };
    } else plain.push(word);
  }
  return { plain, ...parts };
}

function environmentIn(verb: Verb, word: Word, said: Said): Word {
  if (!takes(verb, 'environment')) throw surplus(verb, word, said);
  if (ENVIRONMENT.test(word.text)) return word;
  throw usage(
    `"${word.text}" is no environment; lower-case letters, digits and hyphens make one.`,
    said,
    word,
    usageOf(verb),
  );
}

/** `#12`, `@9f31c02`. */
function releaseIn(verb: Verb, { text, quoted }: Word): Command['release'] {
  if (quoted || !takes(verb, 'release')) return undefined;
  const number = /^#([1-9]\d{0,8})$/.exec(text)?.[1];
  if (number !== undefined) return { revision: Number(number) };
  const commit = /^@([0-9a-f]{7,40})$/i.exec(text)?.[1];
  return commit === undefined ? undefined : { commit: commit.toLowerCase() };
}

function commitIn(word: Word, said: Said): string {
  const commit = /^@([0-9a-f]{7,40})$/i.exec(word.text)?.[1];
  if (commit !== undefined) return commit.toLowerCase();
  throw usage(`${word.text} is no commit.`, said, word, 'Write 7 to 40 digits of its hash: @9f31c02');
}

function assemble(
  verb: Verb,
  { plain, environment, release, commit }: Parts,
  { argv, options }: { argv: readonly string[] | undefined; options: Command['options'] },
  said: Said,
): Command {
  const wanted = verb.arguments.filter(({ name }) => isPlain(name));
  const [group] = wanted;
  const target =
    group?.name === 'group' && plain[0] ? targetIn(verb, plain[0], environment?.text, said) : undefined;
  const words = (target ? plain.slice(1) : plain).map(({ text }) => text);
  refuseMissing(verb, wanted, plain.length, argv, said);
  const most = wanted.some(({ repeated }) => repeated) ? MOST_WORDS : wanted.length;
  const extra = plain[most];
  if (extra) throw surplus(verb, extra, said);
  return {
    verb,
    words,
    options,
    ...(target ? { target } : {}),
    ...(environment ? { environment: environment.text } : {}),
    ...(release ? { release } : {}),
    ...(commit === undefined ? {} : { commit }),
    ...(argv ? { argv } : {}),
  };
}

function isPlain(name: ArgumentName): boolean {
  return name !== 'environment' && name !== 'release' && name !== 'commit' && name !== 'command';
}

function refuseMissing(
  verb: Verb,
  wanted: readonly Argument[],
  given: number,
  argv: readonly string[] | undefined,
  said: Said,
): void {
  const missing =
    wanted.filter(({ required }) => required)[given] ??
    (argv?.length ? undefined : verb.arguments.find(({ name, required }) => name === 'command' && required));
  if (!missing) return;
  throw usage(`${verb.name} needs ${missing.says}.`, said, undefined, usageOf(verb, missing.name));
}

function targetIn(verb: Verb, word: Word, environment: string | undefined, said: Said): Target {
  const [name = '', container, more] = word.text.split('/');
  if (!NAME.test(name) || (container !== undefined && !NAME.test(container)) || more !== undefined) {
    throw usage(
      `"${word.text}" is no group name; letters, digits and hyphens make one, and group/container names a container.`,
      said,
      word,
      usageOf(verb),
    );
  }
  return {
    name,
    environment: environment ?? PRODUCTION,
    ...(container === undefined ? {} : { container }),
  };
}

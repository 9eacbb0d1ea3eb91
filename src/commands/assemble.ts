import type { Known } from './known.ts';
import { surplus, usageOf } from './usage.ts';
import type { Argument, ArgumentName, Command, Target, Verb } from './verb.ts';
import { type Said, usage, type Word } from './words.ts';

const MOST_WORDS = 64;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const ENVIRONMENT = /^[a-z0-9][a-z0-9-]{0,39}$/;
const PRODUCTION = 'production';

/** Where a command goes that says nothing, and the groups that it may mean there. */
type Here = Known['here'];

/** The words of a verb that are no options, put where the table has a place for them. Throws a Failure `usage`. */
export function assembled(
  verb: Verb,
  bare: readonly Word[],
  { argv, options }: { argv: readonly string[] | undefined; options: Command['options'] },
  said: Said,
  here?: Here,
): Command {
  const command = assemble(verb, separate(verb, bare, said), { argv, options }, said, here);
  if (!here || command.environment !== undefined || !takes(verb, 'environment')) return command;
  return { ...command, environment: here.environment };
}

/** The words of a command by their kinds. */
interface Parts {
  readonly plain: readonly Word[];
  readonly environment?: Word;
  readonly release?: Command['release'];
  readonly commit?: string;
}

/** Whether the table gives a verb such an argument. */
export function takes({ arguments: all }: Verb, name: ArgumentName): boolean {
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
    const release = releaseIn(verb, word, '#');
    if (
      !word.quoted &&
      /^(in|to|on)$/i.test(word.text) &&
      (takes(verb, 'environment') || takes(verb, 'release'))
    ) {
      if (!next) throw usage(`"${word.text}" needs a name after it.`, said, word, usageOf(verb));
      const to = /^to$/i.test(word.text) ? releaseIn(verb, next, '#?') : undefined;
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

/** `#12` or `@9f31c02`; after `to` also `12`, because a shell takes what follows a # for a comment. */
function releaseIn(verb: Verb, { text, quoted }: Word, mark: '#' | '#?'): Command['release'] {
  if (quoted || !takes(verb, 'release')) return undefined;
  const number = new RegExp(`^${mark}([1-9]\\d{0,8})$`).exec(text)?.[1];
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
  here: Here,
): Command {
  const wanted = verb.arguments.filter(({ name }) => isPlain(name));
  const [group] = wanted;
  const place = environment?.text ?? here?.environment ?? PRODUCTION;
  const given = group?.name === 'group' && plain[0] ? targetIn(verb, plain[0], place, said) : undefined;
  const target =
    given ?? (group?.name === 'group' && group.required ? onlyGroup(verb, place, here, said) : undefined);
  const words = (given ? plain.slice(1) : plain).map(({ text }) => text);
  refuseMissing(verb, wanted, target && !given ? 1 : plain.length, argv, said);
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

/**
 * The group that is meant where there is only one. What cannot be undone is never done to what was not named.
 * Throws a Failure `usage` that names them where there are several.
 */
function onlyGroup(verb: Verb, environment: string, here: Here, said: Said): Target | undefined {
  if (!here || verb.name === 'delete' || environment !== here.environment) return undefined;
  const [name, ...others] = here.groups;
  if (name === undefined) return undefined;
  if (!others.length) return { name, environment };
  const lines = here.groups.map((each) => `/kata ${verb.name} ${each}`);
  throw usage(`${verb.name} needs a group.`, said, undefined, `Write ${lines.join(' or ')}`);
}

function targetIn(verb: Verb, word: Word, environment: string, said: Said): Target {
  const [name = '', container, more] = word.text.split('/');
  if (!NAME.test(name) || (container !== undefined && !NAME.test(container)) || more !== undefined) {
    throw usage(
      `"${word.text}" is no group name; letters, digits and hyphens make one, and group/container names a container.`,
      said,
      word,
      fileMeant(verb, word, said) ?? usageOf(verb),
    );
  }
  return {
    name,
    environment,
    ...(container === undefined ? {} : { container }),
  };
}

/** A file in a group's place belongs behind its option. */
function fileMeant(verb: Verb, { text, start }: Word, { line }: Said): string | undefined {
  if (!/\.ya?ml$/i.test(text) || !verb.options.some(({ name }) => name === 'file')) return undefined;
  return `Did you mean: ${line.slice(0, start)}--file ${line.slice(start)}`;
}

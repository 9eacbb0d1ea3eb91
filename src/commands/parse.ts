import { Failure } from '../failure.ts';
import { nearestWord } from '../spec/index.ts';
import { VERBS } from './table.ts';
import type { Command, Option, Verb } from './verb.ts';

const MOST_WORDS = 64;
const LONGEST_WORD = 2_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const ENVIRONMENT = /^[a-z0-9][a-z0-9-]{0,39}$/;
const PRODUCTION = 'production';

/**
 * Words to a command. Never guesses: throws a Failure `usage` that says which word is wrong and what to write.
 */
export function parse(words: readonly string[]): Command {
  if (words.length > MOST_WORDS || words.some((word) => word.length > LONGEST_WORD)) {
    throw usage('That is more than a command may have (64 words of 2,000 characters).', '');
  }
  const [first = 'help', ...said] = words;
  const verb = verbNamed(first);
  const end = verb.arguments.some(({ name }) => name === 'command') ? said.indexOf('--') : -1;
  const rest = end === -1 ? said : said.slice(0, end);
  if (rest.includes('--help') || rest.includes('-h'))
    return { verb: verbNamed('help'), words: [verb.name], options: {} };
  const { bare, options } = separate(verb, rest);
  const takesGroup = verb.arguments.some((argument) => argument.name === 'group');
  if (takesGroup)
    return { ...withTarget(verb, bare, options), ...(end === -1 ? {} : { argv: said.slice(end + 1) }) };
  const [most, least] = [
    verb.arguments.some(({ repeated }) => repeated) ? MOST_WORDS : verb.arguments.length,
    verb.arguments.filter(({ required }) => required).length,
  ];
  if (bare.length < least)
    throw usage(`${verb.name} needs ${verb.arguments[bare.length]?.says ?? 'more words'}.`, usageOf(verb));
  if (bare.length > most)
    throw usage(`${verb.name} does not know what to do with "${bare[most]}".`, usageOf(verb));
  return { verb, words: bare, options };
}

/** How the verb is written, such as `katabot logs GROUP [in ENVIRONMENT] [--follow] [--tail N]`. */
export function usageOf(verb: Verb): string {
  const parts = verb.arguments.map(({ name, required, repeated }) => {
    const word =
      name === 'group' ? 'GROUP [in ENVIRONMENT]' : `${name.toUpperCase()}${repeated ? '...' : ''}`;
    return required ? word : `[${word}]`;
  });
  const options = verb.options.map((option) => `[--${option.name}${VALUE_HINT[option.type]}]`);
  return ['katabot', verb.name, ...parts, ...options].join(' ');
}

const VALUE_HINT = { flag: '', number: ' N', text: ' VALUE', duration: ' DURATION', time: ' TIME' } as const;

export function verbNamed(word: string): Verb {
  const wanted = word === '--help' || word === '-h' ? 'help' : word.toLowerCase();
  const verb = VERBS.find(({ name, aliases }) => name === wanted || aliases.includes(wanted));
  if (verb) return verb;
  const near = nearestWord(
    wanted,
    VERBS.flatMap(({ name, aliases }) => [name, ...aliases]),
  );
  throw usage(
    `There is no verb "${word}".`,
    near ? `Did you mean: katabot ${near}` : 'katabot help lists the verbs.',
  );
}

function separate(
  verb: Verb,
  rest: readonly string[],
): { bare: string[]; options: Record<string, string | number | boolean> } {
  const bare: string[] = [];
  const options: Record<string, string | number | boolean> = {};
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? '';
    if (!word.startsWith('-') || word === '-') {
      bare.push(word);
      continue;
    }
    const [name = '', ...given] = word.split('=');
    const option = optionNamed(verb, name);
    if (option.type === 'flag') {
      if (given.length) throw usage(`--${option.name} takes no value.`, usageOf(verb));
      options[option.name] = true;
      continue;
    }
    const value = given.length ? given.join('=') : rest[++at];
    if (value === undefined) throw usage(`${name} needs a value.`, usageOf(verb));
    options[option.name] = typed(option, value);
  }
  return { bare, options };
}

function optionNamed(verb: Verb, word: string): Option {
  const option = verb.options.find(({ name, letter }) => word === `--${name}` || word === `-${letter}`);
  if (option) return option;
  const near = nearestWord(
    word.replace(/^-+/, ''),
    verb.options.map(({ name }) => name),
  );
  throw usage(
    `${verb.name} has no option ${word}.`,
    near ? `Did you mean --${near}? ${usageOf(verb)}` : usageOf(verb),
  );
}

function typed(option: Option, value: string): string | number {
  if (option.type === 'number') {
    if (/^\d{1,9}$/.test(value)) return Number(value);
    throw usage(`--${option.name} ${value}: expected a whole number such as 20.`, '');
  }
  if (option.values && !option.values.includes(value)) {
    throw usage(`--${option.name} ${value}: expected ${option.values.join(', ')}.`, '');
  }
  return value;
}

function withTarget(verb: Verb, bare: readonly string[], options: Command['options']): Command {
  const [group, preposition, environment = PRODUCTION, surplus] = bare;
  if (group === undefined) {
    if (verb.arguments.some(({ required }) => required))
      throw usage(`${verb.name} needs the name of a group.`, usageOf(verb));
    return { verb, words: [], options };
  }
  if (preposition !== undefined && (preposition !== 'in' || bare.length < 3)) {
    throw usage(`"${preposition}" is not understood after the group.`, usageOf(verb));
  }
  if (surplus !== undefined)
    throw usage(`${verb.name} does not know what to do with "${surplus}".`, usageOf(verb));
  const [name = '', container, more] = group.split('/');
  if (!NAME.test(name) || (container !== undefined && !NAME.test(container)) || more !== undefined) {
    throw usage(
      `"${group}" is no group name; letters, digits and hyphens make one, and group/container names a container.`,
      usageOf(verb),
    );
  }
  if (!ENVIRONMENT.test(environment)) {
    throw usage(
      `"${environment}" is no environment; lower-case letters, digits and hyphens make one.`,
      usageOf(verb),
    );
  }
  return {
    verb,
    words: bare,
    options,
    target: { name, environment, ...(container === undefined ? {} : { container }) },
  };
}

function usage(message: string, advice: string): Failure {
  return new Failure('usage', message, { advice });
}

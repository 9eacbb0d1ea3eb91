import { repaired, saidIn, type Word } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';

/** What a line is about besides its group, and the line without that word. */
export interface Meant {
  readonly line: string;
  /** `owner/name`, or the name of a hosted repository; '' when nothing was said of one. */
  readonly repository: string;
  /** 0 for none. */
  readonly pull: number;
  /** A branch whose newest commit is meant; '' for none. */
  readonly branch: string;
}

/** What a word may mean: what is known here. */
export interface KnownNames {
  readonly repositories: readonly string[];
  /** Short names of the settings. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly groups: readonly string[];
}

const TARGET = /^((?:[\w.-]+\/)?[\w.-]+?)(?:#([1-9]\d{0,8})|@([\w./-]{1,200}))?$/;

/**
 * Finds `shop#412`, `acme/shop#412`, `shop@9f31c02`, `shop@main` or a repository alone in a line, before its options. A word
 * that could be a group too is never guessed at. Throws a Failure `ambiguous` or `repository-unknown`. Pure.
 */
export function meantBy(text: string, known: KnownNames): Meant {
  const { line, words } = saidIn(repaired(text));
  const end = words.findIndex((word) => !word.quoted && word.text.startsWith('-'));
  const candidates = words.slice(1, end < 0 ? undefined : end).filter(isName);
  for (const word of candidates) {
    const [, name = '', pull, ref] = TARGET.exec(word.text) ?? [];
    if (!name || isPreposition(words, word)) continue;
    const repository = pull || ref ? repositoryNamed(name, known) : plainRepository(name, known);
    if (repository === undefined) continue;
    const commit = ref !== undefined && /^[0-9a-f]{7,40}$/i.test(ref);
    return {
      line: [line.slice(0, word.start), commit ? `@${ref}` : '', line.slice(word.end)]
        .join('')
        .replace(/ {2,}/g, ' '),
      repository,
      pull: Number(pull ?? 0),
      branch: ref !== undefined && !commit ? ref : '',
    };
  }
  return { line, repository: '', pull: 0, branch: '' };
}

function isName({ text, quoted }: Word): boolean {
  return !quoted && TARGET.test(text);
}

/** What follows `to`, `in` or `on` is an environment. */
function isPreposition(words: readonly Word[], word: Word): boolean {
  return (
    /^(to|in|on|from)$/i.test(words[words.indexOf(word) - 1]?.text ?? '') ||
    /^(to|in|on|from)$/i.test(word.text)
  );
}

/** A repository that is said to be one, by what stands behind its name. */
function repositoryNamed(name: string, known: KnownNames): string {
  const found = matches(name, known);
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  if (first === undefined || second === undefined) {
    throw new Failure('repository-unknown', `There is no repository ${name} here.`, {
      advice: known.repositories.length
        ? `Those that are known: ${known.repositories.slice(0, 10).join(', ')}.`
        : 'Something has to be deployed from it first, by a push or a pull request.',
    });
  }
  throw ambiguous(name, found);
}

/** A word that may be a repository; undefined when it is none. */
function plainRepository(name: string, known: KnownNames): string | undefined {
  const found = matches(name, known);
  const [first, second] = found;
  if (first === undefined) return undefined;
  if (known.groups.includes(name)) {
    if (first === name) return undefined; // a repository that is called as its group: the group is what commands are about
    throw new Failure('ambiguous', `${name} is a group and the repository ${first}.`, {
      advice: `Write ${first} for the repository, or "${name}" in quotes for the group.`,
    });
  }
  if (second !== undefined) throw ambiguous(name, found);
  return first;
}

function matches(name: string, { repositories, aliases }: KnownNames): string[] {
  const wanted = name.toLowerCase();
  if (Object.hasOwn(aliases, wanted)) return [aliases[wanted] ?? ''];
  const whole = repositories.filter((each) => each.toLowerCase() === wanted);
  return whole.length || wanted.includes('/')
    ? whole
    : repositories.filter((each) => each.toLowerCase().endsWith(`/${wanted}`));
}

function ambiguous(name: string, found: readonly string[]): Failure {
  return new Failure('ambiguous', `${name} may be ${found.join(' or ')}.`, {
    advice: `Write ${found[0]} or ${found[1]}, or give one of them a short name in slack.repositories.`,
  });
}

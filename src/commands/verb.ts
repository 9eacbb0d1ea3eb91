import type { Admission, Caller, Channel, Right } from '../policy/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import type { Secret } from '../secrets/index.ts';
import type { Ground } from './ground.ts';

/** One verb of the grammar. Parser, help, completion, docs/commands.md and the API all read this, and nothing else. */
export interface Verb {
  readonly name: string;
  readonly aliases: readonly string[];
  /** One sentence, without a full stop. */
  readonly summary: string;
  readonly arguments: readonly Argument[];
  readonly options: readonly Option[];
  /** `anybody` may say it to a bot that knows nobody; null: works without a bot. */
  readonly right: Right | 'anybody' | null;
  readonly surfaces: readonly Surface[];
  /** Whether it changes what runs. Then it also has `--dry-run` and says what it changed. */
  readonly mutating: boolean;
  /** Asks before it acts in a protected environment. */
  readonly confirms: boolean;
  /** A value goes with it that is no word of it. Whatever it is said with might be that value by mistake, so no word is repeated. */
  readonly takesSecret?: true;
  /** It is about every group that there is: the right for it is held everywhere. */
  readonly everywhere?: true;
  /** Ends or undoes something: it may also be done on rights that were looked up a while ago. */
  readonly retreats?: true;
  readonly examples: readonly string[];
}

/**
 * Where a verb may be said. `local` verbs run in the command line itself, `cli` is the command line that asks a bot,
 * `api` the HTTP API, `git` a push option (`git push -o "/kata status hello"`), `github` a comment of a pull request,
 * `slack` a slash command, a mention or a button in Slack.
 */
export type Surface = 'local' | 'cli' | 'api' | 'git' | 'github' | 'slack';

export interface Argument {
  readonly name: ArgumentName;
  readonly required: boolean;
  readonly repeated: boolean;
  readonly says: string;
}

/**
 * `group` is GROUP or GROUP/CONTAINER, `environment` is `in ENV` (also `to ENV`, `on ENV`), `release` is `to 12` or
 * `to @9f31c02`, `commit` is `@9f31c02`, `command` is everything after `--`; the others are plain words.
 */
export type ArgumentName =
  | 'group'
  | 'environment'
  | 'release'
  | 'commit'
  | 'command'
  | 'files'
  | 'topic'
  | 'action'
  | 'name'
  | 'caller'
  | 'template'
  | 'folder'
  | 'shell'
  | 'url'
  | 'operation'
  | 'proposal'
  | 'repository'
  | 'filters';

export interface Option {
  readonly name: string;
  readonly letter?: string;
  /** `duration` is such as 90m or 1h30m and becomes milliseconds; `time` is such as 18:00 or 2026-11-24T18:00Z. */
  readonly type: 'flag' | 'number' | 'text' | 'duration' | 'time';
  readonly says: string;
  /** The closed set of values of a text option. */
  readonly values?: readonly string[];
}

/** A command as typed values; what could not be understood never becomes one. */
export interface Command {
  readonly verb: Verb;
  /** Files, topic, action ... as the verb's table says; in the order given. Neither target nor environment. */
  readonly words: readonly string[];
  /** Only for verbs that take a group. */
  readonly target?: Target;
  /** Only for verbs that take an environment, and only when one was written. */
  readonly environment?: string;
  readonly release?: { readonly revision: number } | { readonly commit: string };
  /** 7 to 40 hex digits. */
  readonly commit?: string;
  /** What stands after `--`: the program and its arguments. */
  readonly argv?: readonly string[];
  /** Flags as true, numbers and durations (milliseconds) as numbers, the rest as text. */
  readonly options: Readonly<Record<string, string | number | boolean>>;
}

export interface Target {
  readonly name: string;
  readonly container?: string;
  readonly environment: string;
}

/** A file that came with a command, because the bot cannot read the disk of who asks. */
export interface GivenFile {
  readonly path: string;
  readonly text: string;
}

/** A place that itself says what a command is about, such as a pull request. Its own commands reach no further than its repository. */
export interface Here {
  readonly repository: string;
  /** Where a command goes that names no environment, such as `pr-12-shop`. */
  readonly environment: string;
  /** Environments that a bare word may mean, though nothing runs there yet. */
  readonly environments: readonly string[];
  /** Whether its commits come from another repository: they are given no secret. */
  readonly fork: boolean;
  /** Whether its groups wait for room and GPUs where nothing else is said. */
  readonly queue?: boolean;
  /** The tree that `plan` and `deploy` are about; throws a Failure for a commit that is not of this place. */
  source(commit: string | undefined): Promise<Tree>;
  /** The pull request that it is, with its newest commit; the number is 0 for any other place. */
  readonly pull: { readonly number: number; readonly head: string };
  /** What the place itself asks of who wants to change something there, besides the right. Changes nothing. */
  admit(command: Pick<Command, 'verb' | 'environment' | 'commit' | 'options'>): Promise<Admission>;
  /** The commit that who speaks could see: what they approve without naming it. */
  seen(): Promise<Admission>;
  /** Hears that something that was let through is about to be done. */
  begin(command: Pick<Command, 'verb' | 'environment'>, commit: string | undefined): Promise<void>;
}

/** Every containergroup.yaml of a commit. */
export interface Tree {
  /** 40 hex digits. */
  readonly commit: string;
  readonly files: readonly GivenFile[];
}

/** What somebody has said to the bot, and where. */
export interface Said {
  readonly words: readonly string[];
  /** A line of text instead of words, with its prefix. */
  readonly line?: string;
  readonly caller: Caller;
  readonly surface: Surface;
  readonly files?: readonly GivenFile[];
  /** The value that goes with `secret set`. */
  readonly secret?: Secret;
  readonly here?: Here;
  /** What it has waited for, when it is said again because that is over. */
  readonly proposal?: string;
  /** The channel of a chat in which it was said. */
  readonly channel?: Channel;
}

/** What a verb is told besides its words. */
export interface Asked extends Command {
  readonly caller: Caller;
  readonly here?: Here;
  readonly channel?: Channel;
  readonly files: readonly GivenFile[];
  readonly secret?: Secret;
  /** What the place has said of it. */
  readonly admission?: Extract<Admission, { allowed: true }>;
}

/** What a verb does: yields what to say as it happens, and ends in an outcome. */
export type RunVerb = (ground: Ground, asked: Asked, signal: AbortSignal) => AsyncGenerator<Block, Outcome>;

import type { Clock } from '../../clock.ts';
import type { Prices } from '../../metering/index.ts';
import type { TokenParts } from './token.ts';

/** What the command line stands on; `main.mjs` gives the real ones. */
export interface CliParts {
  readonly clock: Clock;
  readonly out: Screen;
  /** For what is not the answer: questions, mistakes, what goes on without us. */
  readonly error: Screen;
  readonly keyboard: Keyboard;
  readonly readFile: (path: string) => Promise<Buffer>;
  /** Where the bot is. Asked only by verbs that need one. */
  readonly bot: () => Bot;
  /** Where `katabot login` keeps what it was told. */
  readonly loginFile: () => string;
  /** What a group costs at a location of the settings, without a bot. */
  readonly prices: (location: string | undefined) => Prices;
  readonly serve: () => Promise<number>;
  readonly tokens: () => Promise<TokenParts>;
  /** Fires with an `Interruption` when whoever asked has seen enough. */
  readonly signal: AbortSignal;
  readonly version: () => string;
  /** More pages of the documentation, by name. */
  readonly pages: Readonly<Record<string, () => string>>;
}

/** A bot, and who one is there. */
export interface Bot {
  readonly url: string;
  readonly token: string;
}

/** Where text goes: a terminal, a pipe or a file. */
export interface Screen {
  /** Gives a promise when the reader is slow: it resolves when more may be written. */
  write(text: string | Uint8Array): Promise<void> | undefined;
  /** Whether a person looks at it. */
  readonly terminal: boolean;
  /** Whether a line may be drawn again where it stands. */
  readonly movable: boolean;
  readonly colour: boolean;
  /** As it is now; undefined where it is no terminal. */
  size(): { readonly rows: number; readonly columns: number } | undefined;
  /** Calls back when the window changes its size; the returned function ends that. */
  onResize(changed: () => void): () => void;
}

/** Where words come from: a terminal, a pipe or a file. */
export interface Keyboard {
  readonly terminal: boolean;
  /** Everything until its end. */
  readAll(): Promise<Buffer>;
  /** Hears what comes from now on. */
  listen(heard: (bytes: Uint8Array) => void, ended: () => void): Listening;
  /** Every key as it is pressed, none of them shown or understood; the returned function puts the terminal back. */
  raw(): () => void;
}

export interface Listening {
  pause(): void;
  resume(): void;
  close(): void;
}

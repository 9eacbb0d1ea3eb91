import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Clock } from '../../clock.ts';
import type { Figures, Operations, Sessions } from '../../commands/index.ts';
import type { Caller } from '../../policy/index.ts';
import type { KeyBook } from '../../store/index.ts';

/** What the HTTP surface stands on. */
export interface WebParts {
  readonly clock: Clock;
  readonly authenticate: (token: string) => Promise<Caller | undefined>;
  readonly operations: Operations;
  readonly sessions: Sessions;
  /** Of the groups that a caller may see. */
  readonly figures: (caller: Caller) => Promise<Figures>;
  readonly keys: KeyBook;
  readonly pepper: string;
  /** Whether a caller sees what others have asked. */
  readonly seesAll: (caller: Caller) => boolean;
  /** How many requests of one caller are answered a second, in the long run. */
  readonly requestsPerSecond: number;
  /** Whatever comes below `/git/`; the body is left untouched for it. */
  readonly git: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Takes what GitHub delivers, and makes its app; absent without GitHub in the settings. */
  readonly github?: GithubDoor;
  /** Takes what Slack sends, and adds workspaces; absent without Slack in the settings. */
  readonly slack?: SlackDoor;
  /** Where people show that two accounts are theirs; absent without Slack in the settings. */
  readonly links?: LinkDoor | undefined;
  /** Tells an error of the bot's own; gives its reference. */
  readonly reportInternal: (error: unknown) => string;
}

export interface WebEnvironment {
  Bindings: HttpBindings;
  Variables: { caller: Caller };
}

export type WebContext = Context<WebEnvironment>;

/** What the GitHub surface does with HTTP. */
export interface GithubDoor {
  take(
    request: IncomingMessage,
  ): Promise<{ readonly status: 200 | 202 | 400 | 401 | 413 | 415; readonly message: string }>;
  setupPage(query: { readonly token?: string; readonly organization?: string }): GithubPage;
  setupCreated(query: { readonly code?: string; readonly state?: string }): Promise<GithubPage>;
}

interface GithubPage {
  readonly status: 200 | 403 | 502;
  readonly html: string;
}

/** What the Slack surface does with HTTP. */
export interface SlackDoor {
  take(
    request: IncomingMessage,
  ): Promise<{ readonly status: 200 | 400 | 401 | 413 | 503; readonly json: unknown }>;
  install(): Promise<SlackPage>;
  installed(query: { readonly code?: string; readonly state?: string }, cookie: string): Promise<SlackPage>;
}

export interface SlackPage {
  readonly status: 200 | 302 | 403 | 404 | 502;
  readonly html: string;
  readonly location?: string;
  readonly cookie?: string;
}

/** What the Slack surface does with browsers. */
export interface LinkDoor {
  open(token: string): LinkPage;
  /** Back from a sign-in, with the header `cookie`. */
  slack(query: Returned, cookie: string): Promise<LinkPage>;
  codeHost(query: Returned, cookie: string): Promise<LinkPage>;
}

interface Returned {
  readonly code?: string;
  readonly state?: string;
  readonly error?: string;
}

interface LinkPage {
  readonly status: 200 | 303 | 403 | 409 | 502;
  readonly html: string;
  readonly location?: string;
  readonly cookie?: string;
}

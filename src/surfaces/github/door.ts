import type { IncomingMessage } from 'node:http';
import type { Vault } from '../../secrets/index.ts';
import type { PullRequests } from '../pull-requests.ts';
import type { Credentials } from './clients.ts';
import { type CredentialFiles, readCredentials } from './credentials.ts';
import { readKept, writeKept } from './kept-credentials.ts';
import { createGithub, type Github } from './listen.ts';
import type { GithubParts } from './parts.ts';
import { createSetup, type Page, type Setup } from './setup.ts';
import { createSignIn, type SignIn } from './sign-in.ts';
import type { Answer } from './webhooks.ts';

export interface DoorParts extends Omit<GithubParts, 'credentials'> {
  /** Absent when the app is to be made from here, or was. */
  readonly files: CredentialFiles | undefined;
  /** Where what GitHub gave is kept, sealed. */
  readonly keptFile: string;
  readonly vault: Vault;
  /** Where the bot is reached; '' for its own address. */
  readonly publicUrl: string;
  readonly ownUrl: () => string;
  readonly info: (fields: Record<string, unknown>, message: string) => void;
}

/** The GitHub surface with its first day: an app that is there is served, one that is not is made. */
export interface Door extends Pick<Github, 'idle' | 'close' | 'teamsOf' | 'callerOf'> {
  start(): Promise<void>;
  take(request: IncomingMessage): Promise<Answer>;
  readonly pullRequests: PullRequests;
  /** Absent while there is no app, and for one whose client is not known. */
  signIn(): SignIn | undefined;
  setupPage: Setup['page'];
  setupCreated: Setup['created'];
}

const CLOSED: Page = { status: 403, html: '' };
const NO_APP: Answer = { status: 400, message: 'No GitHub app is set up yet.' };

/** Throws a Failure `github-credentials` when the settings name files that cannot be used. */
export function createDoor(parts: DoorParts): Door {
  const given = parts.files && readCredentials(parts.files);
  let github: Github | undefined;
  let setup: Setup | undefined;
  let signIn: SignIn | undefined;
  const begin = async (credentials: Credentials) => {
    signIn = credentials.client && createSignIn(credentials.client, parts.settings.apiUrl, warnOf(parts));
    github = createGithub({ ...parts, credentials });
    await github.start();
  };
  return {
    async start() {
      const credentials = given ?? (await readKept(parts.keptFile, parts.vault));
      if (credentials) return begin(credentials);
      setup = createSetup({
        apiUrl: parts.settings.apiUrl,
        publicUrl: () => parts.publicUrl || parts.ownUrl(),
        hasWebhook: parts.publicUrl !== '',
        async created(credentials) {
          await writeKept(parts.keptFile, parts.vault, credentials);
          await begin(credentials);
        },
        reportInternal: parts.reportInternal,
      });
      parts.info({ open: setup.url() }, 'there is no GitHub app yet: open this address to make it');
    },
    pullRequests: {
      open: async (repository) => github?.open(repository) ?? [],
      ask: async (asked) => github?.ask(asked),
      knows: (repository) => github?.knows(repository) ?? false,
      askOfBranch: async (asked) => github?.askOfBranch(asked),
      tree: async (...asked) => github?.tree(...asked),
    },
    signIn: () => signIn,
    callerOf: async (repository, id) => github?.callerOf(repository, id),
    take: async (request) => github?.take(request) ?? NO_APP,
    setupPage: (query) => setup?.page(query) ?? CLOSED,
    setupCreated: async (query) => setup?.created(query) ?? CLOSED,
    teamsOf: async (...asked) => github?.teamsOf(...asked) ?? [],
    idle: async () => github?.idle(),
    close: async () => github?.close(),
  };
}

function warnOf({ warn }: Pick<DoorParts, 'warn'>): (why: string) => void {
  return (why) => warn({ why }, 'a token by which somebody has signed in could not be revoked');
}

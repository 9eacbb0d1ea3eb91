import { pino } from 'pino';
import { Probot, ProbotOctokit } from 'probot';
import type { Secret } from '../../secrets/index.ts';

/** GitHub's API as an installation of the app may use it. */
export type Octokit = Awaited<ReturnType<Probot['auth']>>;

/** What GitHub gave when the app was made. */
export interface Credentials {
  readonly appId: number;
  /** PEM. */
  readonly privateKey: Secret;
  /** The newest first; the one before it is taken too while it is being replaced. */
  readonly webhookSecrets: readonly Secret[];
  /** By which the app asks a person who they are; absent when GitHub's was not told to the bot. */
  readonly client?: Client | undefined;
}

/** The app as a place to sign in at. */
export interface Client {
  readonly id: string;
  readonly secret: Secret;
}

export interface Clients {
  readonly probot: Probot;
  /** As the app itself: its installations, and what was delivered. */
  app(): Promise<Octokit>;
  /** As one installation; tokens live an hour and are renewed by themselves. */
  installation(id: number): Promise<Octokit>;
}

/** A token must not outlive a look by much, and a request that hangs must not hold up the others. */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Probot and its clients. `apiUrl` is such as `https://api.github.com` or `https://ghe.example.com/api/v3`.
 * Throttling and retries are the outbox's, which outlives a restart: Probot's own would keep writes in memory, one a second.
 */
export function createClients({ appId, privateKey, webhookSecrets }: Credentials, apiUrl: string): Clients {
  const probot = new Probot({
    appId,
    privateKey: privateKey.reveal(),
    secret: webhookSecrets[0]?.reveal() ?? '',
    baseUrl: apiUrl,
    log: pino({ level: 'silent' }), // it would log whole payloads; what matters is told by the bot itself
    Octokit: ProbotOctokit.defaults((options: object) => ({
      ...options,
      retry: { enabled: false },
      throttle: { enabled: false },
      request: { fetch: withTimeout },
    })),
  });
  return {
    probot,
    app: () => probot.auth(),
    installation: (id) => probot.auth(id),
  };
}

function withTimeout(url: string | URL | Request, options: RequestInit = {}): Promise<Response> {
  const limit = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  return fetch(url, {
    ...options,
    signal: options.signal ? AbortSignal.any([options.signal, limit]) : limit,
  });
}

import { webApi } from '@slack/bolt';
import type { SlackBook, SlackTeam } from '../../store/index.ts';

/** Slack's API as the bot of one workspace may use it. */
export type Client = webApi.WebClient;

/** A request that hangs must not hold up the others. */
const REQUEST_TIMEOUT_MS = 20_000;

/** Retries and rate limits are the outbox's, which outlives a restart: the client's own would wait in memory, for half an hour. */
export function clientOptions(apiUrl: string): webApi.WebClientOptions {
  return {
    slackApiUrl: apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: REQUEST_TIMEOUT_MS,
    allowAbsoluteUrls: false,
    logger: SILENT,
  };
}

/** Clients of the workspaces that the app is installed in. */
export interface Clients {
  /** Undefined for a workspace that has not (or no longer) installed the app. */
  of(team: string): Promise<{ readonly client: Client; readonly team: SlackTeam } | undefined>;
}

export function createClients(apiUrl: string, book: Pick<SlackBook, 'teams'>): Clients {
  const kept = new Map<string, { token: string; client: Client }>();
  return {
    async of(id) {
      const team = await book.teams.get(id);
      if (!team) return undefined;
      const token = team.botToken.reveal();
      const known = kept.get(id);
      if (known?.token === token) return { client: known.client, team };
      const client = new webApi.WebClient(token, clientOptions(apiUrl));
      kept.set(id, { token, client });
      return { client, team };
    },
  };
}

/** What Slack's own libraries would print may hold what people wrote; the bot tells what matters by itself. */
export const SILENT = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  setName() {},
  getLevel: () => webApi.LogLevel.ERROR,
};

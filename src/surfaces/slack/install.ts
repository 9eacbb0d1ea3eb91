import { randomBytes, timingSafeEqual } from 'node:crypto';
import { webApi } from '@slack/bolt';
import type { Clock } from '../../clock.ts';
import { Secret } from '../../secrets/index.ts';
import type { SlackTeamBook } from '../../store/index.ts';
import { clientOptions } from './clients.ts';
import { installedPage, refusedPage } from './install-page.ts';
import { scopesOf, webUrlOf } from './manifest.ts';
import type { SlackSettings } from './parts.ts';

export interface InstallParts {
  readonly settings: Pick<SlackSettings, 'apiUrl' | 'publicUrl' | 'client'>;
  readonly teams: SlackTeamBook;
  readonly clock: Clock;
  readonly reportInternal: (error: unknown) => string;
}

/** What a browser is answered. */
export interface Page {
  readonly status: 200 | 302 | 403 | 404 | 502;
  readonly html: string;
  readonly location?: string;
  /** What only this browser brings back; '' takes it away. */
  readonly cookie?: string;
}

/** Adds workspaces: each one's own people install the app, and Slack hands over a token for it. */
export interface Install {
  begin(): Promise<Page>;
  end(query: { readonly code?: string; readonly state?: string }, cookie: string): Promise<Page>;
}

const STATE_MS = 10 * 60_000;

/**
 * OAuth v2. What comes back has to hold the state that was sent, once and soon, and come from the browser that it was sent to:
 * otherwise a stranger could have a victim's browser finish an installation that is not theirs.
 */
export function createInstall({ settings, teams, clock, reportInternal }: InstallParts): Install {
  const { client, publicUrl, apiUrl } = settings;
  const redirect = `${publicUrl}/slack/oauth`;
  return {
    async begin() {
      if (!client || !publicUrl) return { status: 404, html: refusedPage('') };
      const state = randomBytes(24).toString('hex');
      await teams.begin(state, clock.now());
      const query = new URLSearchParams({
        client_id: client.id,
        scope: scopesOf().join(','),
        state,
        redirect_uri: redirect,
      });
      return {
        status: 302,
        html: '',
        location: `${webUrlOf(apiUrl)}/oauth/v2/authorize?${query}`,
        cookie: state,
      };
    },
    async end({ code = '', state = '' }, cookie) {
      if (
        !client ||
        !/^[\w.-]{1,500}$/.test(code) ||
        !isSame(state, cookie) ||
        !(await teams.finish(state, clock.now() - STATE_MS))
      )
        return { status: 403, html: refusedPage('') };
      try {
        const slack = new webApi.WebClient(undefined, clientOptions(apiUrl));
        const given = await slack.oauth.v2.access({
          client_id: client.id,
          client_secret: client.secret.reveal(),
          code,
          redirect_uri: redirect,
        });
        const name = await keepTeam(teams, slack, given.access_token ?? '', clock.now());
        return { status: 200, html: installedPage(name), cookie: '' };
      } catch (error) {
        return { status: 502, html: refusedPage(reportInternal(error)) };
      }
    },
  };
}

/** Keeps a workspace by what Slack says of its token. Throws when Slack does not take the token. */
export async function keepTeam(
  teams: SlackTeamBook,
  slack: webApi.WebClient,
  token: string,
  nowMs: number,
): Promise<string> {
  const who = await slack.auth.test({ token });
  if (!who.team_id) throw new Error('Slack says no workspace of this token');
  await teams.put({
    id: who.team_id,
    enterprise: who.enterprise_id ?? '',
    name: who.team ?? who.team_id,
    botToken: new Secret(token),
    botId: who.bot_id ?? '',
    botUser: who.user_id ?? '',
    installedAtMs: nowMs,
  });
  return who.team ?? who.team_id;
}

function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length > 0 && one.length === other.length && timingSafeEqual(one, other);
}

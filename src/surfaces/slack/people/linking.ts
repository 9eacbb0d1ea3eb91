import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import { type RecordGround, record } from '../../../commands/index.ts';
import {
  type ChatAccount,
  LINK_LIFE_MS,
  type Link,
  nameOfAccount,
  type PeopleBook,
} from '../../../policy/index.ts';
import * as say from '../../../replies/index.ts';
import * as pages from './link-pages.ts';
import { createRequests, type LinkRequest, type LinkRequests } from './link-requests.ts';
import { type OpenId, SLACK_SIGNED_IN } from './openid.ts';

/** How the code host says who somebody is. */
export interface CodeHostSignIn {
  address(wanted: { readonly state: string; readonly challenge: string; readonly callback: string }): string;
  person(given: {
    readonly code: string;
    readonly verifier: string;
    readonly callback: string;
  }): Promise<{ readonly id: number; readonly login: string }>;
}

export interface LinkingParts {
  readonly people: PeopleBook;
  readonly audit: RecordGround['audit'];
  readonly clock: Clock;
  /** Where browsers find the bot, such as `https://katabot.example.com`; '' where they cannot. */
  readonly publicUrl: () => string;
  readonly openId: OpenId;
  /** Absent while there is no app that could ask. */
  readonly codeHost: () => CodeHostSignIn | undefined;
  /** Where the code host sends browsers back to, such as `/link/github`. */
  readonly codeHostPath: string;
  readonly reportInternal: (error: unknown) => string;
}

/** What a provider sends a browser back with. */
export interface Returned {
  readonly code?: string;
  readonly state?: string;
  readonly error?: string;
}

/** One person shows that two accounts are theirs. */
export interface Linking {
  /** A new address for somebody, in place of an earlier one; undefined where linking is not set up. */
  address(account: ChatAccount): string | undefined;
  open(token: string): pages.LinkPage;
  /** Back from Slack, and back from the code host; `cookie` is the whole header. */
  slack(returned: Returned, cookie: string): Promise<pages.LinkPage>;
  codeHost(returned: Returned, cookie: string): Promise<pages.LinkPage>;
}

/** By what a step was begun is thrown away before it is used: it works once, whatever comes of it. */
export function createLinking(parts: LinkingParts): Linking {
  const requests = createRequests(parts.clock, () => parts.publicUrl().startsWith('https:'));
  const gone: pages.LinkPage = { status: 403, html: pages.gonePage() };
  const failed = (where: string, error: unknown): pages.LinkPage => ({
    status: 502,
    html: pages.failedPage(where, parts.reportInternal(error)),
  });
  return {
    address(account) {
      if (!parts.publicUrl() || !parts.codeHost()) return undefined;
      return `${parts.publicUrl()}/link/${requests.begin(account)}`;
    },
    open(token) {
      const opened = requests.open(token);
      if (!opened) return gone;
      const { account, state, nonce, cookie, leftMs } = opened;
      const callback = parts.publicUrl() + SLACK_SIGNED_IN;
      const address = parts.openId.address({ state, nonce, callback, home: account.home });
      return { status: 200, html: pages.offerPage(address, Math.ceil(leftMs / 60_000)), cookie };
    },
    async slack({ code, state = '', error }, cookie) {
      const request = requests.take('slack', state, cookie);
      if (!request) return gone;
      if (code === undefined || error !== undefined) return { status: 403, html: pages.stoppedPage('Slack') };
      try {
        return await afterSlack(parts, requests, request, code);
      } catch (failure) {
        return failed('Slack', failure);
      }
    },
    async codeHost({ code, state = '', error }, cookie) {
      const request = requests.take('codeHost', state, cookie);
      if (!request) return gone;
      if (code === undefined || error !== undefined)
        return { status: 403, html: pages.stoppedPage('GitHub') };
      try {
        return await afterCodeHost(parts, requests, request, code);
      } catch (failure) {
        return failed('GitHub', failure);
      }
    },
  };
}

/** The browser belongs to somebody in Slack: only if that is who asked does it go on. */
async function afterSlack(
  { openId, codeHost, codeHostPath, publicUrl }: LinkingParts,
  requests: LinkRequests,
  request: LinkRequest,
  code: string,
): Promise<pages.LinkPage> {
  const callback = publicUrl() + SLACK_SIGNED_IN;
  const { home, user } = await openId.account({ code, nonce: request.nonce, callback });
  const { account } = request;
  if (home !== account.home || user !== account.user) return { status: 403, html: pages.otherPersonPage() };
  const verifier = randomBytes(32).toString('base64url');
  const state = requests.goOn(request, verifier);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const location = codeHost()?.address({ state, challenge, callback: publicUrl() + codeHostPath });
  if (location === undefined) throw new Error('there is no app by which GitHub could be asked');
  return { status: 303, html: '', location };
}

async function afterCodeHost(
  parts: LinkingParts,
  requests: LinkRequests,
  { account, verifier }: LinkRequest,
  code: string,
): Promise<pages.LinkPage> {
  const person = await parts
    .codeHost()
    ?.person({ code, verifier, callback: parts.publicUrl() + parts.codeHostPath });
  if (!person) throw new Error('there is no app by which GitHub could be asked');
  const nowMs = parts.clock.now();
  const link: Link = {
    ...account,
    github: person.id,
    login: person.login,
    linkedAtMs: nowMs,
    checkedAtMs: nowMs,
    expiresAtMs: nowMs + LINK_LIFE_MS,
  };
  const holder = await parts.people.link(link);
  await recordLink(parts, link, holder);
  const cookie = requests.endOfCookie();
  if (holder) return { status: 409, html: pages.takenPage(person.login, holder), cookie };
  const until = new Date(link.expiresAtMs).toISOString().slice(0, 10);
  return { status: 200, html: pages.linkedPage(account, person.login, until), cookie };
}

/** Who became whom is asked for later more than anything else. */
async function recordLink(
  { audit, clock }: LinkingParts,
  link: Link,
  holder: ChatAccount | undefined,
): Promise<void> {
  const asked = await record(
    { audit, clock },
    {
      caller: nameOfAccount(link),
      surface: 'slack',
      text: `link to github:${link.login.toLowerCase()}, number ${link.github}`,
      group: '',
      environment: '',
      decision: holder ? 'refused: linked-elsewhere' : 'allowed: both accounts proved',
    },
  );
  await asked.end(
    holder
      ? say.refused('linked-elsewhere', `It is linked to ${nameOfAccount(holder)}.`, 'Unlink it there first.')
      : say.done('linked', {}),
  );
}

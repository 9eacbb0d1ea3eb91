import type { Clock } from '../../../clock.ts';
import {
  type Bar,
  type Caller,
  type ChatAccount,
  type Grant,
  isEnough,
  type Link,
  nameOfAccount,
  type PeopleBook,
} from '../../../policy/index.ts';
import type { SlackUser } from '../../../store/index.ts';
import type { People, Spoken, Subscriptions } from '../parts.ts';
import { createRoles, type KnownRole, type RoleOf } from './roles.ts';

export interface PeopleParts {
  readonly people: PeopleBook;
  readonly subscriptions: Pick<Subscriptions, 'of'>;
  readonly clock: Clock;
  /** The organization of a workspace, in which people have one id; '' for a workspace without one. */
  readonly enterpriseOf: (team: string) => Promise<string>;
  /** What the settings give to a name such as `slack:T123/U456`. */
  readonly named: (name: string) => readonly Grant[];
  /** Roles at the code host; absent without one. */
  readonly roleOf: RoleOf | undefined;
  /** Repositories that something was deployed from. */
  readonly repositories: () => Promise<readonly string[]>;
  readonly warn: (fields: Record<string, unknown>, message: string) => void;
}

/** For a command that is about no repository, so many are looked at. */
const MOST_REPOSITORIES = 30;
const CHECKED_EVERY_MS = 86_400_000;

/**
 * Who speaks in Slack, and what they may do: by their role at the code host once both accounts are proved to be theirs, by the
 * settings where those name them, and for looking by what the channel is told of anyway. Channels have no other rights.
 */
export function createPeople(parts: PeopleParts): People {
  const { people, clock, enterpriseOf } = parts;
  const roles = parts.roleOf && createRoles(parts.roleOf, clock, (error) => awayOf(parts, error));
  const linkOf = async (account: ChatAccount) => {
    const link = await people.find(account);
    return { link, valid: link && clock.now() < link.expiresAtMs ? link : undefined };
  };
  return {
    async callerOf(user, spoken) {
      const account = await accountOf(parts, user);
      const there = await accountOf(parts, { team: spoken.team, user: user.user });
      if (account.home !== there.home) return strangerCaller(account);
      const { link, valid } = await linkOf(account);
      const heard = await heardIn(parts, spoken);
      const known = valid && roles ? await rolesOf(parts, roles, valid, spoken, heard) : undefined;
      if (valid && known) await noteChecked(parts, valid, known);
      return callerFrom({
        account,
        link: valid,
        known: known ?? [],
        granted: [...parts.named(nameOfAccount(account)), ...heard],
        bar: barOf({ linked: valid !== undefined, ended: link !== undefined, hasHost: roles !== undefined }),
      });
    },
    async githubOf(user) {
      const { valid } = await linkOf(await accountOf(parts, user));
      return valid && { id: valid.github, login: valid.login };
    },
    async userOf(team, person) {
      const github = /^github:(\d+)$/.exec(person)?.[1];
      if (github === undefined) return undefined;
      const link = await people.holder((await enterpriseOf(team)) || team, Number(github));
      return link && clock.now() < link.expiresAtMs ? link.user : undefined;
    },
  };
}

/** Somebody of a channel that is shared with another workspace: there is nothing that they may do, whatever says so. */
function strangerCaller(account: ChatAccount): Caller {
  const name = nameOfAccount(account);
  return { name, right: 'reader', grants: [], accounts: { chat: account }, bar: 'stranger' };
}

async function accountOf({ enterpriseOf }: PeopleParts, { team, user }: SlackUser): Promise<ChatAccount> {
  return { home: (await enterpriseOf(team)) || team, user };
}

/** What a channel is told of may also be asked for there. */
async function heardIn(
  { subscriptions }: PeopleParts,
  { team, channel }: Pick<Spoken, 'team' | 'channel'>,
): Promise<Grant[]> {
  return (await subscriptions.of({ team, channel })).map(({ repository, environments }) => ({
    right: 'reader',
    environments,
    repositories: [repository],
    rule: 'subscription of the channel',
  }));
}

async function rolesOf(
  { repositories }: PeopleParts,
  roles: ReturnType<typeof createRoles>,
  { github }: Link,
  { repository }: Spoken,
  heard: readonly Grant[],
): Promise<(KnownRole | undefined)[]> {
  const wanted =
    repository === undefined
      ? [...new Set([...heard.flatMap((grant) => grant.repositories), ...(await repositories())])]
      : [repository];
  const own = wanted.filter((name) => name.includes('/')).slice(0, MOST_REPOSITORIES);
  return Promise.all(own.map((name) => roles(name, github)));
}

function barOf({ linked, ended, hasHost }: { linked: boolean; ended: boolean; hasHost: boolean }) {
  if (!hasHost) return 'not-named';
  if (linked) return undefined;
  return ended ? 'link-ended' : 'not-linked';
}

interface Known {
  readonly account: ChatAccount;
  readonly link: Link | undefined;
  /** undefined for a repository whose roles nobody knows now. */
  readonly known: readonly (KnownRole | undefined)[];
  readonly granted: readonly Grant[];
  readonly bar: Bar | undefined;
}

/** All that is known of somebody, put together. Pure. */
export function callerFrom({ account, link, known, granted, bar }: Known): Caller {
  const roles = known.filter((role) => role !== undefined);
  const byRole = roles.flatMap(({ caller }) => caller?.grants ?? []);
  const grants = [...byRole, ...granted];
  const login = roles.find(({ caller }) => caller)?.caller?.name ?? (link && `github:${link.login}`);
  const stale = roles.filter((role) => role.stale).map(({ asOfMs }) => asOfMs);
  const why = bar ?? (roles.length < known.length ? 'github-away' : undefined);
  return {
    name: login?.toLowerCase() ?? nameOfAccount(account),
    right: grants.reduce<Grant['right']>(
      (best, { right }) => (isEnough(right, best) ? right : best),
      'reader',
    ),
    grants,
    accounts: {
      chat: account,
      ...(link ? { github: link.github, untilMs: link.expiresAtMs } : {}),
    },
    ...(why ? { bar: why } : {}),
    ...(stale.length ? { asOfMs: Math.min(...stale) } : {}),
  };
}

/** The name may be another by now: it is kept for people to read. */
async function noteChecked(
  { people, clock }: PeopleParts,
  link: Link,
  known: readonly (KnownRole | undefined)[],
): Promise<void> {
  const now = known.find((role) => role?.caller && !role.stale)?.caller?.name.replace(/^github:/, '');
  if (now === undefined) return;
  if (now === link.login.toLowerCase() && clock.now() - link.checkedAtMs < CHECKED_EVERY_MS) return;
  await people.checked(link, now, clock.now());
}

function awayOf({ warn }: PeopleParts, error: unknown): void {
  warn({ why: String(error).slice(0, 300) }, 'GitHub does not say what somebody in Slack may do there');
}

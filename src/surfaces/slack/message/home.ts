import type { HomeView, KnownBlock } from '@slack/types';
import type { Money } from '../../../metering/index.ts';
import * as say from '../../../replies/index.ts';
import { buttonRow, type Deed, type Ids } from './buttons.ts';
import {
  bold,
  code,
  header,
  link,
  moment,
  note,
  own,
  type Person,
  paragraph,
  person,
  rich,
  said,
} from './elements.ts';

/** What somebody sees who opens the bot: what is theirs. Text may come from outside. */
export interface HomeFacts {
  readonly deployments: readonly HomeDeployment[];
  /** What those have cost since midnight, UTC. */
  readonly today: Money;
  /** What they cost together now. */
  readonly perHour: Money;
  /** Deploys that wait for this person. */
  readonly approvals: readonly HomeApproval[];
  readonly locks: readonly {
    readonly environment: string;
    readonly reason: string;
    readonly untilMs: number | null;
  }[];
  /** The GitHub login; '' while none is linked. */
  readonly github: string;
  /** Where accounts are linked; '' for nowhere. */
  readonly linkUrl: string;
  readonly ids: Ids;
  readonly nowMs: number;
}

export interface HomeDeployment {
  readonly name: string;
  readonly environment: string;
  readonly state: say.PlaceState;
  /** By name, the one that it is to be known by first. */
  readonly urls: readonly string[];
  readonly pageUrl: string;
  readonly perHour: Money;
  readonly expiresAtMs: number | null;
  readonly ids: Ids;
}

export interface HomeApproval {
  readonly name: string;
  readonly environment: string;
  readonly commit: string;
  readonly by: Person;
  readonly untilMs: number;
  readonly ids: Ids;
}

/** What goes by itself within this time is shown first. */
const SOON_MS = 2 * 3_600_000;
/** Two blocks each: with them the tab stays below Slack's hundred. */
const MOST_DEPLOYMENTS = 24;
const MOST_APPROVALS = 8;
const MOST_LOCKS = 8;
/** The others are in `status`. */
const MOST_LINKS = 3;

/** The home tab. Pure. */
export function homeView(facts: HomeFacts): HomeView {
  const { deployments, approvals, locks, github, linkUrl, ids, nowMs } = facts;
  const shown = deployments.toSorted(soonestFirst).slice(0, MOST_DEPLOYMENTS);
  const isSoon = ({ expiresAtMs }: HomeDeployment) => expiresAtMs !== null && expiresAtMs - nowMs < SOON_MS;
  const [soon, others] = [shown.filter(isSoon), shown.filter((each) => !isSoon(each))];
  const deeds: Deed[] = github ? ['deploy'] : ['deploy', 'link'];
  const account = buttonRow(deeds, { about: '', ids, urls: linkUrl ? { link: linkUrl } : {} });
  return {
    type: 'home',
    blocks: [
      ...part(
        say.homeTitle('approvals'),
        approvals.slice(0, MOST_APPROVALS).flatMap((each) => approvalOf(each, nowMs)),
      ),
      ...leftOut(approvals.length - MOST_APPROVALS),
      ...part(
        say.homeTitle('soon'),
        soon.flatMap((each) => deploymentOf(each, nowMs)),
      ),
      header(say.homeTitle('deployments')),
      note(say.homeSum(deployments.length, facts.perHour, facts.today)),
      ...others.flatMap((each) => deploymentOf(each, nowMs)),
      ...leftOut(deployments.length - MOST_DEPLOYMENTS),
      ...part(say.homeTitle('locks'), locks.length ? [locksOf(locks.slice(0, MOST_LOCKS), nowMs)] : []),
      ...leftOut(locks.length - MOST_LOCKS),
      { type: 'divider' },
      note(say.accountWords(github)),
      ...(account ? [account] : []),
    ],
  };
}

function soonestFirst(a: HomeDeployment, b: HomeDeployment): number {
  return (a.expiresAtMs ?? Number.MAX_SAFE_INTEGER) - (b.expiresAtMs ?? Number.MAX_SAFE_INTEGER);
}

function part(title: string, blocks: readonly KnownBlock[]): KnownBlock[] {
  return blocks.length ? [header(title), ...blocks] : [];
}

function leftOut(count: number): KnownBlock[] {
  return count > 0 ? [note(say.moreLeftOut(count))] : [];
}

function deploymentOf(
  { name, environment, state, urls: byName, pageUrl, perHour, expiresAtMs, ids }: HomeDeployment,
  nowMs: number,
): KnownBlock[] {
  const about = say.placeName({ name, environment });
  const [url] = byName;
  const urls = { ...(url ? { open: url } : {}), ...(pageUrl ? { page: pageUrl } : {}) };
  const deeds: Deed[] =
    state === 'stopped' ? ['start', 'delete'] : ['open', 'page', 'logs', 'extend', 'stop'];
  const row = buttonRow(deeds, { about, ids, urls });
  return [
    rich(
      paragraph(
        bold(`${name} · ${environment}`, 120),
        own(`  ${say.placeWords(state, '')}`),
        // The meter of a group that is stopped has ended.
        ...(state === 'stopped' ? [] : [own(`\n${say.rateWords(perHour)}`)]),
        ...(expiresAtMs === null ? [] : [own('  ·  ends by itself at '), moment(expiresAtMs, nowMs)]),
        // One name alone is behind the button.
        ...(byName.length > 1 ? byName : [])
          .slice(0, MOST_LINKS)
          .flatMap((each, index) => [own(index ? '  ·  ' : '\n'), link(hostOf(each), each)]),
      ),
    ),
    ...(row ? [row] : []),
  ];
}

function hostOf(url: string): string {
  return URL.parse(url)?.host || url;
}

function approvalOf(
  { name, environment, commit, by, untilMs, ids }: HomeApproval,
  nowMs: number,
): KnownBlock[] {
  const row = buttonRow(['approve', 'reject'], { about: say.placeName({ name, environment }), ids });
  return [
    rich(
      paragraph(
        bold(`${name} · ${environment}`, 120),
        own('  '),
        code(commit.slice(0, 7) || '–'),
        own('\nasked by '),
        person(by),
        own('  ·  until '),
        moment(untilMs, nowMs),
      ),
    ),
    ...(row ? [row] : []),
  ];
}

function locksOf(locks: HomeFacts['locks'], nowMs: number): KnownBlock {
  return rich({
    type: 'rich_text_list',
    style: 'bullet',
    elements: locks.map(({ environment, reason, untilMs }) => ({
      type: 'rich_text_section',
      elements: [
        bold(environment, 80),
        own('  '),
        said(reason, 200),
        ...(untilMs === null ? [] : [own('  ·  until '), moment(untilMs, nowMs)]),
      ],
    })),
  });
}

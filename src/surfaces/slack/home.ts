import type { GroupView } from '../../commands/index.ts';
import { bill, Money } from '../../metering/index.ts';
import { type PlaceState, urlsOf } from '../../replies/index.ts';
import type { SlackUser } from '../../store/index.ts';
import { homeView } from './message/index.ts';
import type { Desk } from './parts.ts';
import { put } from './put.ts';

const DAY_MS = 86_400_000;

/** What somebody sees who opens the bot: theirs, and what it costs today. */
export async function showHome(desk: Desk, user: SlackUser): Promise<void> {
  const { people, clock, ledger, viewsBy, slack } = desk.parts;
  if ((await desk.members.standing(user.team, user)) !== 'member') return;
  const github = await people.githubOf(user);
  const { name } = await people.callerOf(user, { team: user.team, channel: user.user });
  const names = [name, ...(github ? [`github:${github.login.toLowerCase()}`] : [])];
  const views = await viewsBy(names, desk.closing);
  const nowMs = clock.now();
  const dayMs = nowMs - (nowMs % DAY_MS);
  const groups = views.map(({ environment, name }): `${string}/${string}` => `${environment}/${name}`);
  const intervals = groups.length ? await ledger.intervals({ groups }) : [];
  const today = intervals
    .filter(({ endedAtMs }) => endedAtMs === null || endedAtMs > dayMs)
    .map((interval) => ({ ...interval, startedAtMs: Math.max(dayMs, interval.startedAtMs) }));
  const view = homeView({
    deployments: views.map((each) => ({
      name: each.name,
      environment: each.environment,
      state: stateOf(each),
      urls: urlsOf(each),
      pageUrl: '',
      perHour: each.rate.perHour,
      expiresAtMs: each.expiresAtMs,
      ids: {},
    })),
    today: today.length ? bill(today, nowMs).total : new Money('USD', 0n),
    perHour: sumOf(views),
    approvals: [],
    locks: [],
    github: github?.login ?? '',
    linkUrl: '',
    ids: { deploy: 'deploy' },
    nowMs,
  });
  if (!(await slack.teams.get(user.team))) return;
  await put(desk, user.team, {
    kind: 'home',
    key: `home:${user.user}`,
    importance: 'decoration',
    content: { user: user.user, view },
  });
}

/** What they cost together; amounts of two currencies have no sum. */
function sumOf(views: readonly GroupView[]): Money {
  const [first, ...others] = views.map(({ rate }) => rate.perHour);
  const same = others.filter(({ currency }) => currency === first?.currency);
  return first ? same.reduce((sum, each) => sum.plus(each), first) : new Money('USD', 0n);
}

function stateOf({ state, failure }: GroupView): PlaceState {
  if (failure || state === 'Failed') return 'failed';
  switch (state) {
    case 'Running':
      return 'running';
    case 'Stopped':
      return 'stopped';
    case 'Pending':
      return 'deploying';
    case 'Deleting':
      return 'removing';
    case 'Succeeded':
      return 'finished';
    default:
      return 'unknown';
  }
}

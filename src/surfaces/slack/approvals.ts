import { Money } from '../../metering/index.ts';
import {
  type Need,
  needWords,
  type Proposal,
  type Standing,
  shouldTell,
  standingOf,
} from '../../policy/index.ts';
import * as say from '../../replies/index.ts';
import type { Room } from '../../store/index.ts';
import type { Person, RoomStage } from './message/index.ts';
import type { Desk } from './parts.ts';
import { changeRoom, openRoom, supersedeOthers } from './rooms.ts';

/**
 * Something waits, or has waited: channels that want to know of approvals have a message for it, and all of its messages say
 * how it stands. Safe to repeat.
 */
export async function lookAtProposal(desk: Desk, id: string): Promise<void> {
  const { proposals, slack, clock } = desk.parts;
  const proposal = await proposals.get(id);
  if (!proposal) return;
  const standing = standingOf(proposal, clock.now());
  if (proposal.wanted && standing.kind === 'needs-approval') await tellChannels(desk, proposal);
  for (const room of await slack.rooms.open()) if (room.proposal === id) await settle(desk, room, proposal);
}

/** The message of a proposal in a channel: one, whoever wants it there. Gives its key. */
export async function openProposalRoom(
  desk: Desk,
  { team, channel }: Pick<Room, 'team' | 'channel'>,
  { id, repository, environment, commit, pull, group, askedAtMs }: Proposal,
  by: string,
): Promise<string> {
  const key = `${team}:${channel}:${id}`;
  const title = (await desk.parts.pullRequests?.open(repository))?.find(
    ({ number }) => number === pull,
  )?.title;
  const facts = {
    repository,
    environment,
    commit,
    pull,
    title: title ?? '',
    groups: group ? [group] : [],
    again: pull ? `/kata deploy ${repository}#${pull} to ${environment}` : '',
  };
  await openRoom(desk, { key, team, channel, by, atMs: askedAtMs }, facts, id);
  return key;
}

async function tellChannels(desk: Desk, proposal: Proposal): Promise<void> {
  const { repository, environment, requester } = proposal;
  const nothing = new Money('USD', 0n);
  const change = {
    repository,
    environment,
    what: 'approval',
    perHour: nothing,
    perHourBefore: nothing,
  } as const;
  const only = (await desk.parts.slack.teams.all())[0]?.id ?? '';
  for (const each of await desk.parts.subscriptions.about(repository)) {
    if (!shouldTell(each, change)) continue;
    const team = each.team || only;
    const user = await desk.parts.people.userOf(team, requester.person);
    await openProposalRoom(
      desk,
      { team, channel: each.channel },
      proposal,
      user ? `slack:${user}` : requester.name,
    );
  }
}

/** A message that waits says how it ended; what was approved and has begun is told like any other deploy. */
async function settle(desk: Desk, room: Room, proposal: Proposal): Promise<void> {
  const { state, ending, commit } = proposal;
  if (room.state === 'waiting') {
    const standing = standingOf(proposal, desk.parts.clock.now());
    if (state === 'rejected' || state === 'withdrawn' || state === 'expired')
      return changeRoom(desk, room.key, () => ({ state, message: ending, finished: true }));
    if (state === 'done' || standing.kind === 'ready') {
      const isThere = (await desk.parts.views(proposal.repository, desk.closing)).some(
        (view) => view.environment === proposal.environment && view.commit === commit,
      );
      if (isThere) {
        await supersedeOthers(desk, room);
        return changeRoom(desk, room.key, (before) =>
          before.state === 'waiting' ? { state: 'deployed' } : {},
        );
      }
      if (state === 'done')
        return changeRoom(desk, room.key, (before) =>
          before.state === 'waiting'
            ? { state: 'withdrawn', message: say.approvedInVain(), finished: true }
            : {},
        );
    }
  }
  desk.paints.add(room.key);
}

/** How a proposal stands, as its message shows it. */
export async function stageOfProposal(
  desk: Desk,
  { team }: Pick<Room, 'team'>,
  proposal: Proposal | undefined,
): Promise<RoomStage> {
  if (!proposal) return { kind: 'withdrawn', why: '' };
  const standing = standingOf(proposal, desk.parts.clock.now());
  switch (standing.kind) {
    case 'needs-approval':
      return {
        kind: 'approval',
        from: await approvers(desk, team, standing),
        untilMs: standing.untilMs,
        why: say.approvalWhy(proposal, standing.missing),
      };
    case 'waits':
      return { kind: 'waiting', why: say.timerWords(proposal.environment), untilMs: standing.untilMs };
    case 'ready':
      return { kind: 'approved' };
    case 'expired':
      return { kind: 'expired', why: say.expiredWords(proposal.environment) };
    case 'ended':
      return standing.state === 'done' ? { kind: 'approved' } : { kind: standing.state, why: standing.why };
  }
}

/** Who may say yes, called by their names in Slack where they are linked: that is how they hear of it. */
async function approvers(
  desk: Desk,
  team: string,
  { missing }: Extract<Standing, { kind: 'needs-approval' }>,
): Promise<Person[]> {
  const [need, ...more] = missing;
  if (!need?.from.length || more.length) return [{ name: missing.map(needWords).join(', and of ') }];
  return Promise.all(need.from.map((each) => approver(desk, team, each)));
}

async function approver(desk: Desk, team: string, each: Need['from'][number]): Promise<Person> {
  if (each.kind === 'team') return { name: `the team ${each.name}` };
  const user = await desk.parts.people.userOf(team, each.person);
  return { name: each.name, ...(user ? { slack: user } : {}) };
}

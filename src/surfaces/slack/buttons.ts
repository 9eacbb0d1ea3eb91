import { randomBytes } from 'node:crypto';
import type { GroupView } from '../../commands/index.ts';
import type { Button, Room } from '../../store/index.ts';
import type { Deed, Ids } from './message/index.ts';
import type { Desk } from './parts.ts';

const KEPT_MS = 7 * 86_400_000;
/** Looking changes nothing, however often. */
const READING: readonly string[] = ['logs', 'previous-logs'];

/** Rows for the buttons of a message; those that are there and still mean the same are kept, so that the message stays as it is. */
export async function offer(
  desk: Desk,
  room: Room,
  views: readonly GroupView[],
  deeds: readonly Deed[],
): Promise<Ids> {
  const { slack, clock } = desk.parts;
  const nowMs = clock.now();
  // A yes is for its proposal, whatever runs meanwhile.
  const stamp = room.state === 'waiting' ? '' : stampOf(views);
  const there = await slack.buttons.of(room.key, nowMs);
  const ids: Partial<Record<Deed, string>> = {};
  for (const deed of deeds) {
    const lines = linesFor(deed, room, views);
    if (!lines.length) continue;
    const same = there.find(
      (each) => each.deed === deed && each.stamp === stamp && each.lines.join('\n') === lines.join('\n'),
    );
    ids[deed] =
      same?.id ??
      (await make(desk, {
        room: room.key,
        deed,
        lines,
        stamp,
        commit: room.commit,
        environment: room.environment,
      }));
  }
  return ids;
}

/** A button that runs a line that somebody meant: theirs alone. */
export function offerLine(
  desk: Desk,
  line: string,
  actor: string,
  room: string,
  deed: Deed = 'run',
): Promise<string> {
  return make(desk, { room, deed, lines: [line], stamp: '', commit: '', environment: '', actor });
}

async function make(
  { parts }: Desk,
  row: Pick<Button, 'room' | 'deed' | 'lines' | 'stamp' | 'commit' | 'environment'> & {
    readonly actor?: string;
  },
): Promise<string> {
  const id = randomBytes(18).toString('base64url');
  const expiresAtMs = parts.clock.now() + KEPT_MS;
  await parts.slack.buttons.put({ actor: '', ...row, id, expiresAtMs, used: false });
  return id;
}

/** What runs, revision by revision: a button that was shown with something else does nothing. */
export function stampOf(views: readonly GroupView[]): string {
  return views
    .map(({ environment, name, revision }) => `${environment}/${name}#${revision}`)
    .toSorted()
    .join(' ');
}

export function isReading({ deed }: Pick<Button, 'deed'>): boolean {
  return READING.includes(deed);
}

function linesFor(
  deed: Deed,
  { again, environment, state, proposal = '' }: Room,
  views: readonly GroupView[],
): string[] {
  if (state === 'waiting') return proposal ? proposalLines(deed, proposal) : [];
  const each = (verb: string, more = '') =>
    views.map(({ name }) => `/kata ${verb} ${name} in ${environment}${more}`);
  switch (deed) {
    case 'logs':
      return each('logs', ' --tail 50');
    case 'previous-logs':
      return each('logs', ' --previous --tail 50');
    case 'extend':
      return each('extend', ' --by 2h');
    case 'stop':
    case 'start':
    case 'delete':
    case 'rollback':
    case 'cancel':
      return each(deed, ' --yes');
    case 'retry':
      return again ? [again] : [];
    default:
      return [];
  }
}

function proposalLines(deed: Deed, proposal: string): string[] {
  switch (deed) {
    case 'approve':
      return [`/kata approve ${proposal}`];
    case 'reject':
      return [`/kata reject ${proposal}`]; // with the reason that its form asks for
    case 'cancel':
      return [`/kata reject ${proposal} --reason "cancelled with the button"`];
    default:
      return [];
  }
}

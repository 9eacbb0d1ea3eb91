import type { Placement, Shortage, SizeClass } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import type { Block } from './document.ts';
import { nameOf } from './group.ts';
import { stage } from './push.ts';
import { lineWords } from './usage.ts';

// What the bot says of where a group goes.

/** Which host was chosen, and why that one. */
export function hostStage(placed: Extract<Placement, { host: string }>): Block {
  const { host, freeBytes, totalBytes } = placed;
  return stage(
    'done',
    'host',
    `${host} (${choiceWords(placed)}, ${gb(freeBytes)} of ${gb(totalBytes)} memory free)`,
  );
}

function choiceWords({ fitting, standby, asked }: Extract<Placement, { host: string }>): string {
  if (fitting === 1) return `the only one of ${asked} with room`;
  if (standby === undefined) return `of ${fitting} with room the freest`;
  const which = standby === 1 ? 'the one' : `the freest of ${standby}`;
  return `of ${fitting} with room ${which} where a sandbox waits for it`;
}

/** How many sandboxes of a class wait, and why not all of them do. */
export function poolWords(pool: {
  readonly size: SizeClass;
  readonly waiting: number;
  readonly wanted: number;
  readonly why: string;
}): string {
  const text = `${pool.waiting} of ${pool.wanted} sandboxes wait (${sizeClassWords(pool.size)})`;
  return pool.why ? `${text}: ${pool.why}` : text;
}

/** `1 vCPU, 1.5 GB, port 80` */
function sizeClassWords({ vcpuMilli, memoryGbTenths, ports }: SizeClass): string {
  const reached = ports.length ? `port${ports.length > 1 ? 's' : ''} ${ports.join(', ')}` : 'no address';
  return `${vcpuMilli / 1000} vCPU, ${memoryGbTenths / 10} GB, ${reached}`;
}

/** What waits on a host, below the groups that run. */
export function standbyLine(pool: Parameters<typeof poolWords>[0] & { readonly host: string }): Block {
  return { kind: 'text', text: `standby of ${pool.host}: ${poolWords(pool)}` };
}

/** Where a group stands that waits for room; nothing of how many are before it where that is not known. */
interface Queued {
  readonly missing: string;
  readonly ahead?: number;
}

/** Of a group that waits for room: where it stands, what is missing, and what comes next. */
export function queuedStage(queued: Queued): Block {
  return waitingStage(`it waits for ${roomWaitWords(queued)}`);
}

/** Of a Spot group that has made room, and is to come back. */
export function evictedStage(): Block {
  return waitingStage('it was evicted, for a Regular group needed its room, and waits for room again');
}

function waitingStage(what: string): Block {
  const rest = 'it comes up by itself when it is its turn, and katabot stop ends the waiting';
  return stage('running', 'room', `${what}; ${rest}`);
}

/** `room, first in line: one has 0.2 GB of memory free, 1.3 GB are needed` */
export function roomWaitWords({ missing, ahead }: Queued): string {
  const place = ahead === undefined ? '' : `, ${lineWords(ahead + 1)}`;
  return `room${place}${missing ? `: ${missing}` : ''}`;
}

export function waitStage(queued: Queued): Block {
  return stage('warning', 'room', wouldWait(queued));
}

/** Of a group that would wait. */
export function wouldWait(queued: Queued): string {
  return `it would wait for ${roomWaitWords(queued)}`;
}

/** `isAsked`: nothing is done yet. */
export function waitsNoLonger(isAsked: boolean): string {
  return isAsked
    ? 'it would wait for room no longer, and stay stopped'
    : 'it waits for room no longer and stays stopped; katabot start begins it again';
}

/** Groups as somebody may know them. */
export interface GroupNames {
  readonly named: readonly GroupKey[];
  /** How many are not for their eyes. */
  readonly hidden: number;
}

/** Which Spot groups go for one, as they would be told before it is done. */
export function evictsStage(names: GroupNames): Block {
  return stage('warning', 'evicts', evictsText(names));
}

/** `batch and nightly in staging are Spot groups, and are stopped to make room` */
export function evictsText({ named, hidden }: GroupNames): string {
  const others = hidden ? [`${hidden} that you may not see`] : [];
  const all = [...named.map(nameOf), ...others];
  const names = all.length > 1 ? `${all.slice(0, -1).join(', ')} and ${all.at(-1)}` : `${all[0]}`;
  return all.length > 1 || hidden > 1
    ? `${names} are Spot groups, and are stopped to make room`
    : `${names} is a Spot group, and is stopped to make room`;
}

/** What a host has too little of, as a problem of the group that asks for it. */
export function shortageOf(host: string, shortage: Shortage): { message: string; advice: string } {
  switch (shortage.kind) {
    case 'memory': {
      const around = shortage.around ? ', with the virtual machine around it' : '';
      return {
        message: `The group asks for ${gb(shortage.neededBytes)} of memory${around}; ${host} has ${gb(Math.max(0, shortage.freeBytes))} free of ${gb(shortage.totalBytes)}.`,
        advice:
          'Ask for less, delete a group that is no longer needed (katabot status), or name another location.',
      };
    }
    case 'cpu':
      return {
        message: `The group asks for ${shortage.neededMilli / 1000} vCPU; ${host} has ${shortage.cpus}.`,
        advice: 'Ask for less, or name another location.',
      };
    default:
      return { message: `${host} ${shortageText(shortage)}.`, advice: 'Name another location.' };
  }
}

/** `one has 0.2 GB of memory free, 1.3 GB are needed; two does not answer` */
export function missingText(missing: ReadonlyMap<string, readonly Shortage[]>): string {
  return [...missing]
    .map(([host, shortages]) => `${host} ${shortages.map(shortageText).join(' and ')}`)
    .join('; ');
}

function shortageText(shortage: Shortage): string {
  switch (shortage.kind) {
    case 'away':
      return 'does not answer';
    case 'system':
      return `runs ${shortage.runs} containers, not ${shortage.wanted} ones`;
    case 'drained':
      return 'takes no new groups';
    case 'isolation':
      return `shows ${shortage.shown} isolation`;
    case 'zone':
      return shortage.zone ? `is in zone ${shortage.zone}, not in ${shortage.wanted}` : 'is in no zone';
    case 'memory':
      return `has ${gb(Math.max(0, shortage.freeBytes))} of memory free, ${gb(shortage.neededBytes)} are needed`;
    case 'cpu':
      return `has ${shortage.cpus} processors for ${shortage.neededMilli / 1000} vCPU`;
    case 'gpu':
      return 'does not have the GPUs';
    case 'addresses':
      return 'publishes at all of its addresses at once, and its settings hand out several';
    case 'address':
      return 'has no address left for it';
  }
}

/** Rounded downwards: what is not there is not promised. */
function gb(bytes: number): string {
  return `${Math.floor((bytes / 2 ** 30) * 10) / 10} GB`;
}

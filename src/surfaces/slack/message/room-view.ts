import type { Bill, Money } from '../../../metering/index.ts';
import type { Block } from '../../../replies/index.ts';
import type { Deed } from './buttons.ts';
import type { Person } from './elements.ts';

/** A deployment as its one living message shows it: plain facts. Text may come from outside, all of it. */
export interface RoomView {
  /** What is deployed: a group, or the repository's short name where it has several. */
  readonly name: string;
  readonly repository: string;
  readonly environment: string;
  readonly stage: RoomStage;
  /** 40 hex digits; '' for a file that came with the command. */
  readonly commit: string;
  /** The commit's first line; '' when it is not known. */
  readonly title: string;
  /** The page of the commit; '' for none. */
  readonly commitUrl: string;
  readonly pull?: { readonly number: number; readonly url: string; readonly by: string };
  readonly askedBy: Person;
  readonly askedAtMs: number;
  /** 0 before there is one. */
  readonly revision: number;
  readonly groups: readonly RoomGroup[];
  readonly rate: { readonly perSecond: Money; readonly perHour: Money } | undefined;
  readonly bill: Bill | undefined;
  /** When it goes by itself. */
  readonly expiresAtMs: number | null;
  /** What it will have cost by then. */
  readonly untilThen?: Money;
  /** The live page; '' while there is none. */
  readonly pageUrl: string;
  /** Whether there is an earlier revision to go back to. */
  readonly hasEarlier: boolean;
  /** Who has approved it. */
  readonly approvedBy?: readonly string[];
  readonly nowMs: number;
}

export interface RoomGroup {
  readonly name: string;
  /** Of the bot's own making; '' for none. */
  readonly url: string;
  readonly address: string;
  /** `2/2` */
  readonly running: string;
  /** What was verified, not what was asked; '' before it is known. */
  readonly isolation: '' | 'hypervisor' | 'sandbox' | 'none';
  readonly gpus: readonly RoomGpu[];
}

export interface RoomGpu {
  readonly index: number;
  /** The model, such as `NVIDIA A10`. */
  readonly name: string;
  readonly utilizationPercent: number | null;
}

export type RoomStage =
  | { readonly kind: 'acknowledged' }
  | { readonly kind: 'planning' }
  /** Somebody else has to agree; a team or a right is named like a person. `untilMs`: null for as long as the commit is the newest. */
  | {
      readonly kind: 'approval';
      readonly from: readonly Person[];
      readonly untilMs: number | null;
      readonly why: string;
    }
  /** It goes on by itself. */
  | { readonly kind: 'approved' }
  /** For a wait timer, a lock, its turn, room on a host. */
  | { readonly kind: 'waiting'; readonly why: string; readonly untilMs: number | null }
  | {
      readonly kind: 'deploying';
      /** What was said so far, oldest first; only stages are shown. */
      readonly steps: readonly Block[];
      /** Names of the steps that are still to come. */
      readonly ahead: readonly string[];
      /** The revision that goes on meanwhile. */
      readonly serving: number | null;
    }
  | { readonly kind: 'healthy'; readonly tookMs: number }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly advice: string;
      /** What to write, such as `memoryInGB: 8`, and where. */
      readonly suggestion?: { readonly text: string; readonly where: string; readonly addsPerHour?: Money };
      readonly serving: number | null;
    }
  | { readonly kind: 'stopped'; readonly by: Person }
  | { readonly kind: 'removed'; readonly by: Person; readonly deploys: number; readonly failed: number }
  | { readonly kind: 'superseded'; readonly commit: string }
  /** It waited and was not deployed; `why` is a sentence. */
  | { readonly kind: 'rejected' | 'withdrawn' | 'expired'; readonly why: string }
  | { readonly kind: 'cancelled'; readonly by: Person };

/** Which buttons the message has at its stage, in their order. Those that act need an id each before it is drawn. Pure. */
export function deedsOf({ stage, groups, expiresAtMs, hasEarlier, pageUrl }: RoomView): Deed[] {
  const open: Deed[] = groups.some(({ url }) => url) ? ['open'] : [];
  const page: Deed[] = pageUrl ? ['page'] : [];
  const back: Deed[] = hasEarlier ? ['rollback'] : [];
  switch (stage.kind) {
    case 'acknowledged':
    case 'planning':
    case 'waiting':
    case 'deploying':
      return [...page, 'cancel'];
    case 'approval':
      return ['approve', 'reject', ...page];
    case 'healthy':
      return [
        ...open,
        'logs',
        ...page,
        ...(expiresAtMs === null ? [] : (['extend'] as const)),
        'stop',
        ...back,
      ];
    case 'failed':
      return ['retry', 'previous-logs', ...page, ...back];
    case 'stopped':
      return ['start', 'logs', 'delete'];
    default:
      return [];
  }
}

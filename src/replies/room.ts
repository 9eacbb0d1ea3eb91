import { type Bill, formatDuration, formatMoney, formatTotal, type Money } from '../metering/index.ts';
import type { Block } from './document.ts';
import { momentWords, rateWords } from './pull.ts';

// What the bot says in a chat room, besides what it says everywhere.

/** A deployment as a room is told of it. */
export interface RoomTelling {
  readonly name: string;
  readonly environment: string;
  readonly stage: RoomTold;
  readonly askedBy: { readonly name: string };
  readonly rate: { readonly perHour: Money } | undefined;
  readonly bill: Bill | undefined;
  readonly expiresAtMs: number | null;
  readonly approvedBy?: readonly string[];
  readonly nowMs: number;
}

interface Somebody {
  readonly name: string;
}

/** What is told at each stage. */
export type RoomTold =
  | { readonly kind: 'acknowledged' | 'planning' }
  | { readonly kind: 'approval'; readonly from: readonly Somebody[]; readonly untilMs: number | null }
  | { readonly kind: 'approved' }
  | { readonly kind: 'waiting'; readonly why: string; readonly untilMs: number | null }
  | { readonly kind: 'deploying'; readonly steps: readonly Block[]; readonly ahead: readonly string[] }
  | { readonly kind: 'healthy'; readonly tookMs: number }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly serving: number | null;
    }
  | { readonly kind: 'stopped' | 'removed' | 'cancelled'; readonly by: Somebody }
  | { readonly kind: 'superseded'; readonly commit: string }
  | { readonly kind: 'rejected' | 'withdrawn' | 'expired'; readonly why: string };

type RoomState = RoomTold['kind'];

const STATES: Readonly<Record<RoomState, readonly [mark: string, words: string]>> = {
  acknowledged: ['⏳', 'heard'],
  planning: ['⏳', 'planning'],
  approval: ['✋', 'needs approval'],
  approved: ['👍', 'approved'],
  waiting: ['⏳', 'waits'],
  deploying: ['🔄', 'deploying'],
  healthy: ['✅', 'healthy'],
  failed: ['❌', 'failed'],
  stopped: ['⏸️', 'stopped'],
  removed: ['⏹️', 'removed'],
  superseded: ['↪️', 'superseded'],
  rejected: ['🚫', 'rejected'],
  withdrawn: ['🚫', 'not deployed'],
  expired: ['⌛', 'was not approved in time'],
  cancelled: ['🚫', 'cancelled'],
};

/** `✅ shop · staging · healthy`: never by the mark alone. */
export function roomTitle({ name, environment, stage, bill }: RoomTelling): string {
  const [mark, words] = STATES[stage.kind];
  const more =
    stage.kind === 'failed'
      ? `: ${stage.code.replaceAll('-', ' ')}`
      : stage.kind === 'removed' && bill
        ? ` · ${formatTotal(bill)}`
        : '';
  return `${mark} ${name} · ${environment} · ${words}${more}`;
}

/** `shop in staging` */
export function placeName({ name, environment }: Pick<RoomTelling, 'name' | 'environment'>): string {
  return `${name} in ${environment}`;
}

/** The whole message in one sentence: what a notification shows and a screen reader reads. */
export function roomSentence(telling: RoomTelling): string {
  const { name, environment, stage, askedBy, nowMs } = telling;
  const [place, deploy] = [placeName(telling), `The deploy of ${name} to ${environment}`];
  switch (stage.kind) {
    case 'acknowledged':
      return `${askedBy.name} asked to deploy ${name} to ${environment}; it has been heard.`;
    case 'planning':
      return `${deploy} is being planned.`;
    case 'approval':
      return `${deploy} needs the approval of ${namesOf(stage.from)}${stage.untilMs === null ? '' : ` until ${momentWords(stage.untilMs, nowMs)}`}.`;
    case 'approved':
      return `${deploy} was approved by ${namesOf(
        (telling.approvedBy ?? []).map((by) => ({ name: by })),
        'and',
      )}; it goes on by itself.`;
    case 'waiting':
      return `${deploy} waits: ${stage.why}${stage.untilMs === null ? '' : `, until ${momentWords(stage.untilMs, nowMs)}`}.`;
    case 'deploying':
      return `${name} is being deployed to ${environment}: ${stepWords(stage)}.`;
    case 'healthy':
      return `${place} is healthy after ${formatDuration(stage.tookMs)}${goesOn(telling)}.`;
    case 'failed': {
      const serves = stage.serving === null ? '' : ` Revision #${stage.serving} keeps serving.`;
      return `${place} failed: ${stage.message}${serves}`;
    }
    case 'stopped':
      return `${place} was stopped by ${stage.by.name}${hasCost(telling)}.`;
    case 'removed':
      return `${place} was removed by ${stage.by.name}${hasCost(telling)}.`;
    case 'superseded':
      return `${deploy} was superseded by commit ${stage.commit.slice(0, 7)}.`;
    case 'rejected':
      return `${deploy} was rejected: ${stage.why}`;
    case 'withdrawn':
      return `${deploy} is over: ${stage.why}`;
    case 'expired':
      return stage.why;
    case 'cancelled':
      return `${deploy} was cancelled by ${stage.by.name}.`;
  }
}

/** `step 3 of 6, image shop/api:1.9.0 61 %`, or only what is done where the rest is not known. */
export function stepWords({
  steps,
  ahead,
}: {
  readonly steps: readonly Block[];
  readonly ahead: readonly string[];
}): string {
  const stages = steps.filter((block) => block.kind === 'stage');
  const now = stages.at(-1);
  if (!now) return ahead[0] ? `step 1 of ${ahead.length}, ${ahead[0]}` : 'it begins';
  return `step ${stages.length} of ${stages.length + ahead.length}, ${now.label} ${now.text}`;
}

function namesOf(people: readonly Somebody[], word = 'or'): string {
  const names = people.map(({ name }) => name);
  if (!names.length) return 'somebody else';
  return names.length === 1 ? `${names[0]}` : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`;
}

function goesOn({ rate, expiresAtMs, nowMs }: RoomTelling): string {
  return [
    rate ? `; it costs ${rateWords(rate.perHour)}` : '',
    expiresAtMs === null ? '' : ` and ends by itself at ${momentWords(expiresAtMs, nowMs)}`,
  ].join('');
}

function hasCost({ bill }: RoomTelling): string {
  return bill ? ` after ${formatDuration(bill.livedMs)}; it has cost ${formatTotal(bill)}` : '';
}

/** `$0.0002410 /s · $0.8700 /h` */
export function ratesWords({ perSecond, perHour }: { perSecond: Money; perHour: Money }): string {
  return `${formatMoney(perSecond, { digits: 7 })} /s · ${rateWords(perHour)}`;
}

/** What was verified about how a group is kept apart. */
export function isolationWords(isolation: 'hypervisor' | 'sandbox' | 'none'): string {
  return {
    hypervisor: 'hypervisor ✓',
    sandbox: 'sandbox (gVisor) ✓',
    none: 'not isolated: development only',
  }[isolation];
}

/** `GPU 0 NVIDIA A10 38 %` */
export function gpuWords({
  index,
  name,
  utilizationPercent,
}: {
  readonly index: number;
  readonly name: string;
  readonly utilizationPercent: number | null;
}): string {
  return `GPU ${index} ${name}${utilizationPercent === null ? '' : ` ${utilizationPercent} %`}`;
}

/** What something will have cost when it ends by itself. */
export function aboutWords(money: Money): string {
  return `about ${formatMoney(money)} in all`;
}

export function helpTitle(): string {
  return 'What can be said here';
}

export function helpSentence(verbs: number): string {
  return `${verbs} commands can be said here; /kata help and a command shows how it is written.`;
}

/** Slash commands do not work in threads. */
export function helpHint(): string {
  return '`/kata help logs` shows one command · in a thread write `@katabot logs` · `/kata deploy` opens a form';
}

/** What a form says in place of a list that has nothing in it. */
export function nothingToChoose(field: string): string {
  return field === 'ref' ? 'choose a repository first' : 'there is none that you may use';
}

/** A phrase of the verb table as a sentence. */
export function asSentence(phrase: string): string {
  return `${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}.`;
}

/** The price before anything is pressed. */
export function modalPrice(
  price: { readonly perHour: Money; readonly untilThen?: Money } | undefined,
): string {
  if (!price) return 'The price is shown here as soon as it is clear what is deployed.';
  return `Price: ${rateWords(price.perHour)}${price.untilThen ? ` · ${aboutWords(price.untilThen)}` : ''}`;
}

const HOME_TITLES = {
  approvals: 'Waiting for you',
  soon: 'Ends soon',
  deployments: 'Your deployments',
  locks: 'Locks that you hold',
} as const;

export function homeTitle(part: keyof typeof HOME_TITLES): string {
  return HOME_TITLES[part];
}

/** `3 deployments · $2.61 /h now · $4.18 since midnight UTC` */
export function homeSum(count: number, perHour: Money, today: Money): string {
  const since = `${formatMoney(today)} since midnight UTC`;
  if (!count) return `Nothing of yours runs · ${since}`;
  return `${count} ${count === 1 ? 'deployment' : 'deployments'} · ${rateWords(perHour)} now · ${since}`;
}

export function moreLeftOut(count: number): string {
  return `… ${count} more: /kata list --mine`;
}

/** Without a link to GitHub people may only look. */
export function accountWords(github: string): string {
  return github
    ? `Linked with the GitHub account ${github}`
    : 'No GitHub account is linked, so you may look and change nothing';
}

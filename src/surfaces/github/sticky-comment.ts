import type { Bill, Money } from '../../metering/index.ts';
import type { Block, ForkState, PlaceState } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { PullPlan } from '../../store/index.ts';
import { code, inline, link } from './escape.ts';
import { drawMarkdown, MOST_COMMENT } from './markdown.ts';

/** A pull request as its one comment shows it. */
export interface PullView {
  readonly number: number;
  /** A closed one takes no more commands that deploy. */
  readonly state: 'open' | 'closed';
  readonly head: string;
  /** Text from outside, as are all other texts. */
  readonly title: string;
  readonly preview: string;
  readonly places: readonly PlaceView[];
  readonly plan: PullPlan;
  readonly fork: ForkState;
  readonly nowMs: number;
}

/** An environment of a pull request: one row. */
export interface PlaceView {
  readonly environment: string;
  readonly state: PlaceState;
  readonly detail: string;
  readonly commit: string;
  readonly by: string;
  readonly atMs: number;
  readonly groups: readonly GroupRow[];
  /** Of all groups there. */
  readonly perHour: Money | undefined;
  readonly bill: Bill | undefined;
  readonly expiresAtMs: number | null;
  /** What is under way, newest last. */
  readonly steps: readonly Block[];
  readonly deploys: number;
  readonly failed: number;
  /** What can be said of a row that waits. */
  readonly commands?: string;
}

export interface GroupRow {
  readonly name: string;
  /** By name, the one that it is to be known by first. */
  readonly urls: readonly string[];
  readonly address: string;
  /** `2/2` */
  readonly running: string;
}

const SHOWN_STEPS = 12;
/** The others are in `status`. */
const MOST_LINKS = 3;
const LONGEST_PLAN = 30_000;

/** The first line of the comment, which nobody sees: how the bot finds its own after a crash. */
export function markerOf(number: number): string {
  return `<!-- katabot:v1 pr=${number} -->`;
}

/** The one comment that tells the truth about a pull request, as Markdown. Pure. */
export function stickyComment(view: PullView): string {
  const gone = view.places.filter(({ state }) => state === 'removed');
  const there = view.places.filter(({ state }) => state !== 'removed');
  const parts = [
    markerOf(view.number),
    `#### containers · ${code(view.head.slice(0, 7))} ${inline(view.title, 100)}`,
    forkOf(view),
    there.length ? placesTable(there, view.head) : '',
    ...there.map(stepsOf),
    gone.length ? billTable(gone) : '',
    view.state === 'open' || there.length ? planOf(view.plan) : '',
    view.state === 'open'
      ? say.nextCommands(
          view.plan.verdict,
          there.map(({ state }) => state),
          code(view.preview),
          { waiting: there.flatMap(({ commands = [] }) => commands), fork: view.fork },
        )
      : '',
    footer(view),
  ];
  return fitting(parts.filter(Boolean));
}

function placesTable(places: readonly PlaceView[], head: string): string {
  const rows = places.map((place) =>
    [
      `**${inline(place.environment)}**`,
      `${inline(say.placeWords(place.state, place.detail))}${otherCommit(place, head)}`,
      place.groups.map(addressOf).join('<br>') || '–',
      place.groups
        .map(({ name, running }) => (place.groups.length > 1 ? `${inline(name)} ${running}` : running))
        .join('<br>') || '–',
      place.perHour ? inline(say.rateWords(place.perHour)) : '–',
      place.bill ? inline(say.spentWords(place.bill)) : '–',
    ].join(' | '),
  );
  return [
    '| env | state | address | running | rate | spent |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

/** Which commit it is, where that is not the newest one. */
function otherCommit({ state, commit }: PlaceView, head: string): string {
  return state === 'running' && commit && commit !== head ? ` · ${code(commit.slice(0, 7))}` : '';
}

function addressOf({ urls, address }: GroupRow): string {
  const links = urls.slice(0, MOST_LINKS).map((url) => `**${link(new URL(url).host, url)}**`);
  return links.join('<br>') || code(address) || '–';
}

function stepsOf({ environment, state, steps }: PlaceView): string {
  if (state !== 'deploying' || !steps.length) return '';
  const shown = drawMarkdown(steps.slice(-SHOWN_STEPS));
  return `**${inline(environment)}**\n\n${shown}`;
}

/** What an environment has cost from its first second to its last. */
function billTable(places: readonly PlaceView[]): string {
  const rows = places.map(({ environment, detail, bill, deploys, failed }) => {
    const used = bill
      ? [
          say.lifetimeWords(bill),
          bill.vcpuSeconds,
          bill.memoryGbSeconds,
          bill.gpuSeconds,
          `**${inline(say.spentWords(bill))}**`,
        ]
      : ['–', '–', '–', '–', '–'];
    return [
      `~~${inline(environment)}~~`,
      inline(say.placeWords('removed', detail)),
      ...used,
      failed ? `${deploys}, ${failed} failed` : String(deploys),
    ].join(' | ');
  });
  return [
    '| env | state | lived | vCPU·s | GB·s | GPU·s | total | deploys |',
    '|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

function planOf({ commit, verdict, errors, text }: PullPlan): string {
  if (!commit) return '';
  const title = `plan for ${code(commit.slice(0, 7))}: ${say.planTitle(verdict, errors)}`;
  const shown = text.length > LONGEST_PLAN ? '' : text;
  // Errors are what the reader came for; what is ready can be unfolded.
  if (verdict !== 'ready')
    return [`**${verdict === 'none' ? '–' : '✗'} ${title}**`, shown].filter(Boolean).join('\n\n');
  return `<details>\n<summary>✔ plan: ${say.planTitle(verdict, errors)}</summary>\n\n${shown}\n\n</details>`;
}

function forkOf({ fork, state, head, preview }: PullView): string {
  if (fork === 'no' || state === 'closed') return '';
  return `> ${say.forkWords(fork, code(head.slice(0, 7)), preview)}`;
}

function footer({ places, nowMs }: PullView): string {
  const newest = places.toSorted((a, b) => b.atMs - a.atMs)[0];
  if (!newest) return '';
  const ends = places.flatMap(({ environment, expiresAtMs }) =>
    expiresAtMs === null
      ? []
      : [`${inline(environment)} ends by itself at ${say.momentWords(expiresAtMs, nowMs)}`],
  );
  const asked = `asked by ${inline(newest.by)} · ${say.momentWords(newest.atMs, nowMs)} · pinned to ${code(newest.commit.slice(0, 7))}`;
  return `<sub>${[asked, ...ends].join(' · ')}</sub>`;
}

/** The plan goes first when it is too long; rows and bills stay. */
function fitting(parts: readonly string[]): string {
  const whole = parts.join('\n\n');
  if (whole.length <= MOST_COMMENT) return whole;
  const longest = parts.reduce((best, part) => (part.length > best.length ? part : best), '');
  return fitting(
    parts.map((part) => (part === longest ? '… too long to be shown here: see the check …' : part)),
  );
}

import type { ContextBlock, MrkdwnElement, PlainTextElement, SectionBlock } from '@slack/types';
import type { Bill } from '../../../metering/index.ts';
import * as say from '../../../replies/index.ts';
import { isAddress, isHarmless, isUser, momentMarkup, plain } from './elements.ts';
import type { RoomGroup, RoomView } from './room-view.ts';
import { escaped } from './text.ts';

/** Figures and addresses of the bot itself, in two columns. With `url` the value is a link. */
interface Fact {
  readonly label: string;
  readonly value: string;
  readonly url?: string;
}

/** Slack takes ten fields a section; more groups than these are told as a number. */
const MOST_GROUPS = 3;
const MOST_FIELDS = 10;
const LONGEST_FACT = 200;

/** What is to be known of a deployment at its stage. Pure. */
export function factsOf(view: RoomView): SectionBlock[] {
  const fields = knownOf(view)
    .filter(({ value }) => value)
    .slice(0, MOST_FIELDS)
    .map(fieldOf);
  return fields.length ? [{ type: 'section', fields }] : [];
}

/** Who asked for it, which revision it is, and until when. Pure. */
export function footer(view: RoomView): ContextBlock {
  const { stage, commit, revision, askedBy, askedAtMs, expiresAtMs, untilThen, nowMs } = view;
  const isOver = ['removed', 'superseded', 'rejected', 'withdrawn', 'expired', 'cancelled'].includes(
    stage.kind,
  );
  const ends = expiresAtMs === null ? '' : `ends by itself at ${momentMarkup(expiresAtMs, nowMs)}`;
  const isAhead = ['approval', 'approved', 'waiting', 'deploying'].includes(stage.kind);
  const more = [
    isAhead && /^[0-9a-f]{40}$/.test(commit) ? `pinned to \`${commit.slice(0, 7)}\`` : '',
    revision ? `revision #${revision}` : '',
    stage.kind === 'deploying' && stage.serving !== null ? `#${stage.serving} goes on serving meanwhile` : '',
    isOver || !ends ? '' : untilThen ? `${ends} (${escaped(say.aboutWords(untilThen))})` : ends,
  ].filter(Boolean);
  const asked = momentMarkup(askedAtMs, nowMs);
  const elements =
    askedBy.slack && isUser(askedBy.slack)
      ? [markup([`asked by <@${askedBy.slack}> at ${asked}`, ...more].join('  ·  '))]
      : [plain(`asked by ${askedBy.name}`, 120), markup([`at ${asked}`, ...more].join('  ·  '))];
  return { type: 'context', elements };
}

function markup(text: string): MrkdwnElement {
  return { type: 'mrkdwn', text, verbatim: true };
}

function knownOf(view: RoomView): Fact[] {
  const by = view.approvedBy ?? [];
  const approved: Fact[] = by.length ? [{ label: 'Approved by', value: by.join(', ') }] : [];
  return [...approved, ...stageFacts(view)];
}

function stageFacts({ stage, groups, rate, bill }: RoomView): Fact[] {
  const spent: Fact = { label: 'Spent', value: bill ? say.spentWords(bill) : '' };
  const rates: Fact = { label: 'Rate', value: rate ? say.ratesWords(rate) : '' };
  switch (stage.kind) {
    case 'healthy':
      return [...addressesOf(groups), ...runningOf(groups), ...gpusOf(groups), rates, spent];
    case 'failed':
      return [...runningOf(groups), rates, spent];
    case 'stopped':
      return [...addressesOf(groups), spent];
    case 'removed':
      return bill ? billOf(bill, stage) : [];
    case 'approval':
    case 'approved':
    case 'waiting':
    case 'deploying':
      return [rates, spent];
    default:
      return [];
  }
}

function addressesOf(groups: readonly RoomGroup[]): Fact[] {
  const shown = groups.filter(({ url, address }) => url || address);
  const label = (name: string) => (groups.length > 1 ? `Address of ${name}` : 'Address');
  return [
    ...shown
      .slice(0, MOST_GROUPS)
      .map(({ name, url, address }) =>
        isAddress(url)
          ? { label: label(name), value: new URL(url).host, url }
          : { label: label(name), value: address },
      ),
    ...(shown.length > MOST_GROUPS
      ? [{ label: 'More', value: `${shown.length - MOST_GROUPS} addresses` }]
      : []),
  ];
}

function runningOf(groups: readonly RoomGroup[]): Fact[] {
  const counts = groups.map(({ name, running }) => (groups.length > 1 ? `${name} ${running}` : running));
  const [weakest] = [...groups]
    .map(({ isolation }) => isolation)
    .filter((each) => each !== '')
    .sort((a, b) => STRENGTH.indexOf(a) - STRENGTH.indexOf(b));
  const value = [...counts.slice(0, MOST_GROUPS), ...(counts.length > MOST_GROUPS ? ['…'] : [])].join(', ');
  return [
    {
      label: 'Running',
      value: [value, weakest ? say.isolationWords(weakest) : ''].filter(Boolean).join(' · '),
    },
  ];
}

const STRENGTH = ['none', 'sandbox', 'hypervisor'];

function gpusOf(groups: readonly RoomGroup[]): Fact[] {
  const gpus = groups.flatMap((group) => group.gpus).map(say.gpuWords);
  return gpus.length ? [{ label: 'GPU', value: gpus.slice(0, 8).join(', ') }] : [];
}

function billOf(bill: Bill, { deploys, failed }: { deploys: number; failed: number }): Fact[] {
  return [
    { label: 'Total', value: say.spentWords(bill) },
    { label: 'Lived', value: say.lifetimeWords(bill) },
    { label: 'vCPU·s', value: bill.vcpuSeconds },
    { label: 'GB·s', value: bill.memoryGbSeconds },
    { label: 'GPU·s', value: bill.gpuSeconds },
    { label: 'Deploys', value: failed ? `${deploys}, ${failed} failed` : String(deploys) },
  ];
}

/** Markup only around what can be none: anything else than plain figures and names is plain text. */
function fieldOf({ label, value, url }: Fact): MrkdwnElement | PlainTextElement {
  const clear = [label, value].every((text) => text.length <= LONGEST_FACT && isHarmless(text));
  if (!clear) return plain(`${label}: ${value}`, LONGEST_FACT);
  const shown = url ? `<${escaped(url)}|${value}>` : value;
  return markup(`*${label}*\n${shown}`);
}

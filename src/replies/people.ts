import { formatMoney, Money } from '../metering/index.ts';
import { type Filters, holds, type Link, type Subscription, TOLD } from '../policy/index.ts';
import type { Block } from './document.ts';
import { timeOf } from './tokens.ts';

// What the bot says of who is who in a chat, and of what a channel is told.

/** The address is for one person, once; `link` is what they have now. */
export function linkOffer(address: string, link: Link | undefined): Block[] {
  const now = link ? ` Until then you are ${link.login} on GitHub, as before.` : '';
  return [
    {
      kind: 'text',
      text: `Open this address and sign in on both sides; it is for you alone and works for 10 minutes.${now}`,
    },
    { kind: 'text', text: address },
    {
      kind: 'text',
      text: 'The bot keeps the number of your GitHub account and nothing else: no token, no password.',
    },
  ];
}

export function unlinked(link: Link | undefined): Block {
  const text = link
    ? `You are no longer ${link.login} on GitHub here; what your role there gave you in Slack is gone.`
    : 'No GitHub account was linked to you.';
  return { kind: 'text', text };
}

/** `known`: where the repository runs something now. */
export function subscribed(
  { repository, ...filters }: Filters & { readonly repository: string },
  by: string,
  currency: string,
  known: readonly string[],
): Block[] {
  const missing = filters.environments.filter((each) => !known.some((name) => holds([each], name)));
  const wait: Block[] =
    missing.length && !filters.environments.includes('*')
      ? [
          {
            kind: 'text',
            text: `Nothing of ${repository} runs in ${missing.join(', ')} yet${known.length ? `; it runs in ${known.join(', ')}` : ''}.`,
          },
        ]
      : [];
  return [
    {
      kind: 'text',
      text: `This channel is told of ${repository}: ${environmentsText(filters)}; ${wantsText(filters, currency)}. Asked for by ${by}.`,
    },
    ...wait,
    { kind: 'text', text: `To end it: /kata unsubscribe ${repository}` },
  ];
}

export function unsubscribed(repository: string, was: boolean, by: string): Block {
  return {
    kind: 'text',
    text: was
      ? `This channel is told no more of ${repository}. Asked for by ${by}.`
      : `This channel was not told of ${repository}.`,
  };
}

export function subscriptionTable(all: readonly Subscription[], currency: string): Block[] {
  if (!all.length)
    return [{ kind: 'text', text: 'This channel is told of nothing: /kata subscribe acme/shop' }];
  const rows = all.map(({ repository, by, ...filters }) => [
    repository,
    environmentsText(filters),
    wantsText(filters, currency),
    by,
  ]);
  return [{ kind: 'table', columns: ['repository', 'environments', 'of what', 'asked by'], rows }];
}

function environmentsText({ environments }: Filters): string {
  return environments.includes('*') ? 'all environments' : environments.join(', ');
}

function wantsText({ on, abovePicosPerHour }: Filters, currency: string): string {
  const events = TOLD.every((each) => on.includes(each)) ? ['everything'] : on;
  const price =
    abovePicosPerHour === null
      ? []
      : [`a price over ${formatMoney(new Money(currency, abovePicosPerHour))} an hour`];
  return [...events, ...price].join(', ');
}

/** GitHub does not answer, and what somebody may do is what they could do a moment ago. */
export function rightsOfEarlier(asOfMs: number): Block {
  return {
    kind: 'stage',
    mark: 'warning',
    label: 'rights',
    text: `as they were at ${timeOf(asOfMs)}: GitHub does not answer, so only looking, stop and rollback are done`,
  };
}

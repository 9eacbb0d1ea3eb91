import type { ActionsBlock, Button, ConfirmationDialog } from '@slack/types';
import { isAddress, MOST, plain } from './elements.ts';
import { harmless } from './text.ts';

/** What a button does. `open` and `page` are links; the others act, through an id that the bot's own books explain. */
export type Deed =
  | 'open'
  | 'page'
  | 'logs'
  | 'previous-logs'
  | 'extend'
  | 'stop'
  | 'start'
  | 'delete'
  | 'rollback'
  | 'cancel'
  | 'approve'
  | 'reject'
  | 'retry'
  | 'run'
  | 'confirm'
  | 'queue'
  | 'ask-owner'
  | 'deploy'
  | 'link';

/** An opaque id for each button that acts. A button without one is not shown. */
export type Ids = Partial<Readonly<Record<Deed, string>>>;

/** What `action_id` begins with: the rest is the deed, so that a listener needs one pattern. */
export const ACTION = 'katabot:';

interface Look {
  readonly label: string;
  /** What a screen reader says, since a label alone says little; `$` is what the button is about. */
  readonly spoken: string;
  readonly style?: 'primary' | 'danger';
  /** Question, what happens, and the word that does it. */
  readonly asks?: readonly [title: string, text: string, yes: string];
}

const LOOKS: Readonly<Record<Deed, Look>> = {
  open: { label: 'Open', spoken: 'Open $ in the browser', style: 'primary' },
  page: { label: 'Live log', spoken: 'Open the live log of $' },
  logs: { label: 'Logs', spoken: 'Show the newest log lines of $ in this thread' },
  'previous-logs': { label: 'Previous logs', spoken: 'Show what $ printed before it ended' },
  extend: { label: 'Extend 2 h', spoken: 'Let $ live two hours longer' },
  stop: {
    label: 'Stop',
    spoken: 'Stop $',
    style: 'danger',
    asks: [
      'Stop $?',
      'Its meter ends. Its name, address and volumes stay, and Start brings it back.',
      'Stop',
    ],
  },
  start: { label: 'Start', spoken: 'Start $ again, as it was', style: 'primary' },
  delete: {
    label: 'Remove',
    spoken: 'Remove $',
    style: 'danger',
    asks: ['Remove $?', 'It is gone for good, with its address. The final bill is shown here.', 'Remove'],
  },
  rollback: {
    label: 'Roll back',
    spoken: 'Take $ back to the revision before',
    asks: [
      'Roll $ back?',
      'The revision before this one takes its place, with the very images it ran.',
      'Roll back',
    ],
  },
  cancel: {
    label: 'Cancel',
    spoken: 'Cancel the deploy of $',
    asks: ['Cancel the deploy of $?', 'What ran before goes on, or comes back.', 'Cancel the deploy'],
  },
  approve: { label: 'Approve', spoken: 'Approve the deploy of $', style: 'primary' },
  reject: { label: 'Reject …', spoken: 'Reject the deploy of $, with a reason', style: 'danger' },
  retry: { label: 'Retry', spoken: 'Deploy $ again', style: 'primary' },
  run: { label: 'Run it', spoken: 'Run $', style: 'primary' },
  confirm: { label: 'Yes, do it', spoken: 'Say that you mean it', style: 'primary' },
  queue: { label: 'Queue it', spoken: 'Run $ as soon as it is allowed', style: 'primary' },
  'ask-owner': { label: 'Ask the owner', spoken: 'Ask whoever holds the lock' },
  deploy: { label: 'Deploy …', spoken: 'Deploy something', style: 'primary' },
  link: { label: 'Link my GitHub account', spoken: 'Link my GitHub account' },
};

interface About {
  /** What the buttons are about, such as `shop in staging`. */
  readonly about: string;
  readonly ids: Ids;
  readonly urls?: Partial<Readonly<Record<Deed, string>>>;
}

/** A row of buttons; undefined when none of them has an id or an address. Pure. */
export function buttonRow(deeds: readonly Deed[], given: About): ActionsBlock | undefined {
  const elements = deeds.map((deed) => button(deed, given)).filter((each) => each !== undefined);
  return elements.length ? { type: 'actions', elements } : undefined;
}

/** One button; undefined when it could do nothing. Pure. */
function button(deed: Deed, { about, ids, urls }: About): Button | undefined {
  const { label, spoken, style, asks } = LOOKS[deed];
  const [id, url] = [ids[deed], urls?.[deed]];
  const does = url !== undefined && isAddress(url) ? { url } : id !== undefined ? { value: id } : undefined;
  if (!does) return undefined;
  return {
    type: 'button',
    text: plain(label, MOST.button),
    action_id: `${ACTION}${deed}`,
    accessibility_label: harmless(
      spoken.replace('$', () => about),
      MOST.label,
    ),
    ...does,
    ...(style ? { style } : {}),
    ...(asks ? { confirm: question(asks, about, style === 'danger') } : {}),
  };
}

function question(
  [title, text, yes]: NonNullable<Look['asks']>,
  about: string,
  danger: boolean,
): ConfirmationDialog {
  return {
    title: plain(
      title.replace('$', () => about),
      100,
    ),
    text: plain(text, 300),
    confirm: plain(yes, 30),
    deny: plain('Not now', 30),
    ...(danger ? { style: 'danger' } : {}),
  };
}

import { formatDuration } from '../metering/index.ts';
import type { Block, Outcome } from './document.ts';
import { refused, stage } from './push.ts';

// What the bot says in Slack alone.

/** Why somebody who is seen in a channel may ask nothing. */
export function noMember(standing: 'guest' | 'bot' | 'stranger' | 'deactivated'): Outcome {
  const who = {
    guest: 'Guests of a workspace',
    bot: 'Bots',
    stranger: 'People of other workspaces',
    deactivated: 'Deactivated accounts',
  }[standing];
  return refused('no-member', `${who} may ask nothing here.`, 'Ask a member of this workspace.');
}

/** A deploy that came up, in one line. */
export function healthyAfter({ data }: Outcome): Block {
  const { tookMs, url }: { tookMs?: unknown; url?: unknown } = Object(data);
  const after = typeof tookMs === 'number' ? `healthy in ${formatDuration(tookMs)}` : 'it runs';
  return stage('done', after, typeof url === 'string' ? url : '');
}

export function notLinked(): Outcome {
  return refused(
    'not-linked',
    'What is on GitHub is deployed with your rights there, and the bot does not know who you are there.',
    'Link your account: /kata link',
  );
}

export function noPullRequests(): Outcome {
  return refused(
    'no-github',
    'This bot knows no GitHub.',
    'Whoever runs the bot adds github to the settings.',
  );
}

export function pullUnknown(repository: string, number: number): Outcome {
  return refused(
    'pull-unknown',
    `The bot knows no pull request #${number} of ${repository}.`,
    'It has to be open, in a repository that the app is installed in.',
  );
}

/** What went wrong inside, with where it is found. */
export function ownFault(reference: string): Outcome {
  return refused(
    'internal',
    `Something went wrong inside the bot (reference ${reference}).`,
    'Whoever runs the bot finds it in the log under this reference.',
  );
}

/** Why something was not done, from its outcome: a sentence. */
export function reasonOf({ data }: Outcome): string {
  const { message }: { message?: unknown } = Object(data);
  return typeof message === 'string' ? message : 'It was not deployed.';
}

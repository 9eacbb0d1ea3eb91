import type { SubscriptionBook } from '../../../policy/index.ts';
import { readCredentials, type SlackFiles } from '../credentials.ts';
import type { People, SlackSettings, Subscriptions } from '../parts.ts';
import { createLinking, type Linking, type LinkingParts } from './linking.ts';
import { createOpenId } from './openid.ts';
import { createPeople, type PeopleParts } from './people.ts';
import { subscriptionsOf } from './subscriptions.ts';

export interface WhoIsWhoParts extends Omit<PeopleParts, 'subscriptions'>, Omit<LinkingParts, 'openId'> {
  readonly subscriptions: SubscriptionBook;
  readonly files: SlackFiles;
  readonly settings: Pick<SlackSettings, 'apiUrl' | 'channels'>;
}

/** Who people of Slack are, and the way on which they show it. */
export interface WhoIsWho {
  readonly people: People;
  readonly linking: Linking | undefined;
  readonly subscriptions: Subscriptions;
}

/** Throws a Failure `slack-credentials` for files that cannot be used. */
export function createWhoIsWho(parts: WhoIsWhoParts): WhoIsWho {
  const { settings, clock, warn } = parts;
  const client = readCredentials(parts.files)?.client;
  const subscriptions = subscriptionsOf(settings, parts.subscriptions);
  const people = createPeople({ ...parts, subscriptions });
  if (!client) return { people, linking: undefined, subscriptions };
  const openId = createOpenId({
    client,
    apiUrl: settings.apiUrl,
    now: () => clock.now(),
    warn: (why) => warn({ why }, 'a token by which somebody has signed in could not be revoked'),
  });
  return { people, linking: createLinking({ ...parts, openId }), subscriptions };
}

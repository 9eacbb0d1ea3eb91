import { type Filters, type SubscriptionBook, TOLD } from '../../../policy/index.ts';
import type { ChannelSubscription, SlackSettings, Subscriptions } from '../parts.ts';

/** What people have said in channels, and what the settings say of channels. */
export function subscriptionsOf(
  { channels }: Pick<SlackSettings, 'channels'>,
  book: SubscriptionBook,
): Subscriptions {
  const named = channels.map(fromSettings);
  return {
    async about(repository) {
      return [...named.filter((each) => each.repository === repository), ...(await book.about(repository))];
    },
    async of({ team, channel }) {
      const own = named.filter((each) => each.channel === channel && (each.team ?? team) === team);
      return [...own, ...(await book.of({ team, channel }))];
    },
  };
}

function fromSettings({ environment, ...place }: ChannelSubscription) {
  const filters: Filters = { environments: [environment ?? '*'], on: TOLD, abovePicosPerHour: null };
  return { ...place, ...filters };
}

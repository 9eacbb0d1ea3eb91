import type { Write } from '../../mail/index.ts';
import type { Contents, Kind } from './deliver.ts';
import { accountOf, type Desk } from './parts.ts';

/** What is written to Slack, with the content that its kind has. */
type Wanted = {
  [K in Kind]: Pick<Write, 'key' | 'importance'> & { readonly kind: K; readonly content: Contents[K] };
}[Kind];

/** Keeps a write until Slack has it. A message that is there already is edited. */
export function put(desk: Pick<Desk, 'outbox'>, team: string, write: Wanted): Promise<void> {
  const place = 'channel' in write.content ? write.content.channel : '';
  return desk.outbox.put({ ...write, account: accountOf(team), creates: true, place });
}

import type { Write } from '../../mail/index.ts';
import type { Contents, Kind } from './deliver.ts';
import type { Desk } from './parts.ts';

/** What is written to GitHub, with the content that its kind has. */
type Wanted = {
  [K in Kind]: Pick<Write, 'key' | 'importance'> & { readonly kind: K; readonly content: Contents[K] };
}[Kind];

/** Keeps a write until GitHub has it. Everything but an edit makes something new there. */
export function put(desk: Pick<Desk, 'outbox'>, account: string, write: Wanted): Promise<void> {
  return desk.outbox.put({ ...write, account, creates: true });
}

import { Kysely, sql } from 'kysely';
import { standbyKey } from '../../engines/index.ts';
import { besideKey } from '../../network/index.ts';
import { createProposals } from '../../policy/index.ts';
import type { Vault } from '../../secrets/index.ts';
import type { Store } from '../index.ts';
import { addressBook, nameBook, placeBook } from './addresses.ts';
import { auditBook } from './audit.ts';
import { branchBook, eventBook, labelBook, runBook, slotBook, tokenBook } from './books.ts';
import { accountBook, certificateBook } from './certificates.ts';
import { desiredState } from './desired.ts';
import { drainBook } from './drains.ts';
import { FairDialect } from './fair-dialect.ts';
import { gpuBook } from './gpus.ts';
import { imageBook } from './images.ts';
import { inboxBook } from './inbox.ts';
import { keyBook } from './keys.ts';
import { ledger } from './ledger.ts';
import { listedOnce } from './listed-once.ts';
import { migrate } from './migrations.ts';
import { nodeSqlite } from './node-sqlite.ts';
import { outboxBook } from './outbox.ts';
import { peopleBook, subscriptionBook } from './people.ts';
import { confirmationBook, proposalBook } from './proposals.ts';
import { pullBook } from './pulls.ts';
import { keyFrom } from './rows.ts';
import { secretBook } from './secrets.ts';
import { shippingBook } from './shipped.ts';
import { slackBook } from './slack.ts';
import type { Tables } from './tables.ts';

/** Opens (and makes, and brings up to date) the database file; `:memory:` keeps nothing. */
export async function openSqliteStore(path: string, vault: Vault): Promise<Store> {
  const database = new Kysely<Tables>({ dialect: new FairDialect({ database: nodeSqlite(path) }) });
  await migrate(database);
  await freeUnclaimed(database);
  return {
    desired: listedOnce(desiredState(database, vault), database),
    runs: runBook(database),
    events: eventBook(database),
    ledger: ledger(database),
    labels: labelBook(database),
    slots: slotBook(database),
    gpus: gpuBook(database),
    addresses: addressBook(database),
    places: placeBook(database),
    drains: drainBook(database),
    certificates: certificateBook(database, vault),
    accounts: accountBook(database, vault),
    toldNames: nameBook(database),
    tokens: tokenBook(database),
    branches: branchBook(database),
    keys: keyBook(database),
    audit: auditBook(database),
    inbox: inboxBook(database),
    outbox: outboxBook(database),
    pulls: pullBook(database),
    secrets: secretBook(database, vault),
    proposals: createProposals(proposalBook(database)),
    confirmations: confirmationBook(database),
    people: peopleBook(database),
    subscriptions: subscriptionBook(database),
    images: imageBook(database),
    shipped: shippingBook(database),
    slack: slackBook(database, vault),
    close: () => database.destroy(),
  };
}

/**
 * A place taken for a wish that was never written, because the bot died in between. Those of sandboxes that wait are compared
 * with what the engines show.
 */
async function freeUnclaimed(database: Kysely<Tables>): Promise<void> {
  const ofStandby = standbyKey('');
  const tried = await database.selectFrom('beside').select('key').execute();
  const seconds = tried.map(({ key }) => besideKey(keyFrom(key)));
  for (const table of ['slots', 'addresses', 'labels', 'gpus'] as const) {
    await database
      .deleteFrom(table)
      .where(sql`substr(key, 1, ${ofStandby.length})`, '<>', ofStandby)
      .where('key', 'not in', (wishes) => wishes.selectFrom('wishes').select('key'))
      .where('key', 'not in', seconds)
      .execute();
  }
}

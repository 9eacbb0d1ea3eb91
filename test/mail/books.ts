/** A real database file with the books of the mail, and a clock of the test's own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Store } from '../../src/store/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { openTestVault } from '../store/vault.ts';
import { createManualClock, type ManualClock } from '../world/clock.ts';

export interface Books {
  readonly store: Store;
  readonly clock: ManualClock;
  /** Rows of the database file, as another process sees them. */
  raw(query: string): Record<string, unknown>[];
  /** Lets time pass: what falls due on the way is worked on before the clock goes on. */
  pass(delayMs: number, idle: () => Promise<void>): Promise<void>;
}

const opened: { readonly store: Store; readonly folder: string }[] = [];

export async function openBooks(): Promise<Books> {
  const folder = await mkdtemp(join(tmpdir(), 'katabot-mail-'));
  const file = join(folder, 'katabot.sqlite');
  const store = await openSqliteStore(file, await openTestVault(folder));
  opened.push({ store, folder });
  const clock = createManualClock();
  return {
    store,
    clock,
    raw(query) {
      const database = new DatabaseSync(file, { readOnly: true });
      try {
        return database.prepare(query).all();
      } finally {
        database.close();
      }
    },
    async pass(delayMs, idle) {
      const untilMs = clock.now() + delayMs;
      await idle();
      for (;;) {
        const next = clock.nextAtMs();
        if (next === undefined || next > untilMs) break;
        clock.advance(Math.max(0, next - clock.now()));
        await idle();
      }
      clock.advance(untilMs - clock.now());
      await idle();
    },
  };
}

export async function closeBooks(): Promise<void> {
  for (const { store, folder } of opened.splice(0)) {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

import { type Kysely, sql } from 'kysely';
import type { DesiredState, Wish } from '../../reconciler/index.ts';
import type { Tables } from './tables.ts';

/** Looked at far more often than it changes: a list is read once between two changes, whoever makes them. */
export function listedOnce(books: DesiredState, database: Kysely<Tables>): DesiredState {
  let listed: { at: string; wishes: Wish[] } | undefined;
  let changes = 0;
  const now = async () => `${changes} ${await changesOfOthers(database)}`;
  const changing =
    <Words extends unknown[], Answer>(change: (...words: Words) => Promise<Answer>) =>
    async (...words: Words): Promise<Answer> => {
      try {
        return await change(...words);
      } finally {
        changes++;
      }
    };
  return {
    ...books,
    async list() {
      const at = await now();
      if (listed?.at === at) return [...listed.wishes];
      const wishes = await books.list();
      listed = { at, wishes };
      return [...wishes];
    },
    put: changing(books.put),
    note: changing(books.note),
    change: changing(books.change),
    assign: changing(books.assign),
    move: changing(books.move),
    promote: changing(books.promote),
    abandon: changing(books.abandon),
    vacate: changing(books.vacate),
    unwish: changing(books.unwish),
    forget: changing(books.forget),
  };
}

/** A number that moves when another process has written to the file. */
async function changesOfOthers(database: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ data_version: number }>`pragma data_version`.execute(database);
  return rows[0]?.data_version ?? 0;
}

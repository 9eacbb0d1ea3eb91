import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase } from 'kysely';
import { Failure, messageOf } from '../../failure.ts';

/** Node's own SQLite as Kysely's SqliteDialect wants it. What is committed survives a crash of process and machine. */
export function nodeSqlite(path: string): SqliteDatabase {
  const database = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: true });
  if (path !== ':memory:') database.exec('pragma journal_mode = wal; pragma synchronous = full');
  const prepared = new Map<string, ReturnType<SqliteDatabase['prepare']>>();
  return {
    close: () => database.close(),
    prepare(text) {
      const known = prepared.get(text);
      if (known) return known;
      const fresh = asKysely(database.prepare(text));
      prepared.set(text, fresh);
      for (const oldest of [...prepared.keys()].slice(0, -MOST_PREPARED)) prepared.delete(oldest);
      return fresh;
    },
  };
}

/** The bot's own queries are far fewer; what is made of many parts does not pile up. */
const MOST_PREPARED = 200;

function asKysely(statement: StatementSync): ReturnType<SqliteDatabase['prepare']> {
  const names = statement.columns().map(({ name }) => name);
  statement.setReturnArrays(true);
  return {
    reader: names.length > 0,
    all: (parameters) =>
      orFailure(() => statement.all(...bindable(parameters)).map((row) => asObject(names, row))),
    run: (parameters) => orFailure(() => statement.run(...bindable(parameters))),
    *iterate(parameters) {
      for (const row of statement.iterate(...bindable(parameters))) yield asObject(names, row);
    },
  };
}

/** The objects that node:sqlite makes itself have no prototype, and are a third slower to make and to read. */
function asObject(names: readonly string[], row: unknown): Record<string, unknown> {
  const values: unknown[] = Array.isArray(row) ? row : [];
  const object: Record<string, unknown> = {};
  names.forEach((name, index) => {
    object[name] = values[index];
  });
  return object;
}

/** node:sqlite would store a Date or an object as NULL without a word. */
function bindable(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => {
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
      return value;
    throw new TypeError(`a column cannot hold ${typeof value}`);
  });
}

const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;

/** A full disk is something that people can mend; nothing half-written stays, because SQLite rolls it back. */
function orFailure<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = sqliteCodeOf(error);
    if (code !== SQLITE_FULL && code !== SQLITE_IOERR) throw error;
    throw new Failure('store-full', `The bot cannot write its database (${messageOf(error)}).`, {
      advice:
        'Free space on the disk that holds the bot’s data. Nothing was changed; what runs goes on running.',
      cause: error,
    });
  }
}

/** SQLite's primary result code; 0 for anything that is not SQLite's. */
function sqliteCodeOf(thrown: unknown): number {
  const { errcode }: { errcode?: unknown } = typeof thrown === 'object' && thrown !== null ? thrown : {};
  return typeof errcode === 'number' ? errcode & 0xff : 0;
}

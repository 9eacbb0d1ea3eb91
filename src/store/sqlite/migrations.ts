import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Tables } from './tables.ts';

/** Brings the database to the newest form. A migration is never changed once it was released; the next one mends it. */
export async function migrate(database: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

const MIGRATIONS: Record<string, Migration> = {
  '0001-books': {
    async up(database) {
      const { schema } = database;
      await schema
        .createTable('wishes')
        .addColumn('key', 'text', (column) => column.primaryKey())
        .addColumn('wanted', 'text', (column) => column.notNull())
        .addColumn('location', 'text', (column) => column.notNull())
        .addColumn('repository', 'text', (column) => column.notNull())
        .addColumn('revision', 'integer', (column) => column.notNull())
        .addColumn('slot', 'integer', (column) => column.notNull())
        .addColumn('address', 'text', (column) => column.notNull())
        .addColumn('subnet', 'text', (column) => column.notNull())
        .addColumn('fqdn', 'text', (column) => column.notNull())
        .addColumn('settled', 'text')
        .addColumn('deleted_by', 'text', (column) => column.notNull().defaultTo(''))
        .execute();
      await schema
        .createTable('revisions')
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('number', 'integer', (column) => column.notNull())
        .addColumn('commit', 'text', (column) => column.notNull())
        .addColumn('path', 'text', (column) => column.notNull())
        .addColumn('spec', 'text', (column) => column.notNull())
        .addColumn('sealed', 'text', (column) => column.notNull())
        .addColumn('images', 'text')
        .addColumn('accepted_by', 'text', (column) => column.notNull())
        .addColumn('accepted_at_ms', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('revisions_key', ['key', 'number'])
        .execute();
      await schema
        .createTable('runs')
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('pod_id', 'text', (column) => column.notNull())
        .addColumn('container', 'text', (column) => column.notNull())
        .addColumn('started_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('finished_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('exit_code', 'integer', (column) => column.notNull())
        .addColumn('out_of_memory', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('runs_key', ['pod_id', 'container', 'started_at_ms'])
        .execute();
      await schema
        .createTable('intervals')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('pod_id', 'text')
        .addColumn('started_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('ended_at_ms', 'bigint')
        .addColumn('estimated', 'integer', (column) => column.notNull())
        .addColumn('rest', 'text', (column) => column.notNull())
        .execute();
      await schema
        .createTable('events')
        .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
        .addColumn('at_ms', 'bigint', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('revision', 'integer', (column) => column.notNull())
        .addColumn('fact', 'text', (column) => column.notNull())
        .execute();
      await schema
        .createTable('labels')
        .addColumn('fqdn', 'text', (column) => column.primaryKey())
        .addColumn('key', 'text', (column) => column.notNull().unique())
        .execute();
      await schema
        .createTable('slots')
        .addColumn('location', 'text', (column) => column.notNull())
        .addColumn('slot', 'integer', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('slots_place', ['location', 'slot'])
        .addUniqueConstraint('slots_key', ['location', 'key'])
        .execute();
      await schema
        .createTable('tokens')
        .addColumn('hash', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('right', 'text', (column) => column.notNull())
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .execute();
      await schema
        .createTable('branches')
        .addColumn('repository', 'text', (column) => column.notNull())
        .addColumn('branch', 'text', (column) => column.notNull())
        .addColumn('commit', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('branches_key', ['repository', 'branch'])
        .execute();
      for (const table of ['runs', 'intervals', 'events'] as const) {
        await schema.createIndex(`${table}_by_key`).on(table).column('key').execute();
      }
    },
  },
};

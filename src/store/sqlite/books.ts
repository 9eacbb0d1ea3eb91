import type { Kysely } from 'kysely';
import type { Event, GroupKey } from '../../event.ts';
import type { LabelBook, SlotBook } from '../../network/index.ts';
import type { TokenBook } from '../../policy/index.ts';
import type { EventBook, Run, RunBook } from '../../reconciler/index.ts';
import type { BranchBook } from '../index.ts';
import { isOneOf, keyFrom } from './rows.ts';
import type { Tables } from './tables.ts';

export function runBook(database: Kysely<Tables>): RunBook {
  return {
    async record({ key, podId, container, startedAtMs, finishedAtMs, exitCode, outOfMemory, unhealthy }) {
      const { numInsertedOrUpdatedRows } = await database
        .insertInto('runs')
        .values({
          key,
          pod_id: podId,
          container,
          started_at_ms: startedAtMs,
          finished_at_ms: finishedAtMs,
          exit_code: exitCode,
          out_of_memory: outOfMemory ? 1 : 0,
          unhealthy,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return (numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    runs: (key) => runsOf(database, [key]),
    runsOf: (keys) => runsOf(database, keys),
  };
}

async function runsOf(database: Kysely<Tables>, keys: readonly GroupKey[]): Promise<Run[]> {
  const rows = await database
    .selectFrom('runs')
    .selectAll()
    .where(isOneOf('key', keys))
    .orderBy('started_at_ms')
    .execute();
  return rows.map((row) => ({
    key: keyFrom(row.key),
    podId: row.pod_id,
    container: row.container,
    startedAtMs: row.started_at_ms,
    finishedAtMs: row.finished_at_ms,
    exitCode: row.exit_code,
    outOfMemory: row.out_of_memory === 1,
    unhealthy: row.unhealthy,
  }));
}

export function eventBook(database: Kysely<Tables>): EventBook {
  return {
    async append(events) {
      const rows = events.map(({ atMs, group, revision, fact }) => ({
        at_ms: atMs,
        key: group,
        revision,
        fact: JSON.stringify(fact),
      }));
      await database.insertInto('events').values(rows).execute();
    },
    async events({ group, sinceMs, last }) {
      let query = database.selectFrom('events').selectAll().orderBy('id', 'desc');
      if (group !== undefined) query = query.where('key', '=', group);
      if (sinceMs !== undefined) query = query.where('at_ms', '>=', sinceMs);
      if (last !== undefined) query = query.limit(last);
      const rows = await query.execute();
      return rows.reverse().map(
        (row): Event => ({
          atMs: row.at_ms,
          group: keyFrom(row.key),
          revision: row.revision,
          fact: JSON.parse(row.fact),
        }),
      );
    },
  };
}

export function labelBook(database: Kysely<Tables>): LabelBook {
  return {
    claim: (names, key) =>
      database.transaction().execute(async (transaction) => {
        const taken = await transaction
          .selectFrom('labels')
          .selectAll()
          .where(isOneOf('fqdn', names))
          .where('key', '!=', key)
          .executeTakeFirst();
        if (taken) return { ok: false as const, name: taken.fqdn, holder: keyFrom(taken.key) };
        await transaction.deleteFrom('labels').where('key', '=', key).execute();
        for (const fqdn of new Set(names))
          await transaction.insertInto('labels').values({ fqdn, key }).execute();
        return { ok: true as const };
      }),
    async release(key) {
      await database.deleteFrom('labels').where('key', '=', key).execute();
    },
    async all() {
      const rows = await database.selectFrom('labels').selectAll().orderBy('fqdn').execute();
      return rows.map(({ fqdn, key }) => ({ fqdn, key: keyFrom(key) }));
    },
  };
}

export function slotBook(database: Kysely<Tables>): SlotBook {
  return {
    take: (location, key, slotCount, preferred) =>
      database.transaction().execute(async (transaction) => {
        const rows = await transaction
          .selectFrom('slots')
          .select(['slot', 'key'])
          .where('location', '=', location)
          .execute();
        const own = rows.find((row) => row.key === key);
        if (own) return own.slot;
        const taken = new Set(rows.map(({ slot }) => slot));
        let slot = preferred !== undefined && !taken.has(preferred) ? preferred : 0;
        while (taken.has(slot)) slot++;
        if (slot < slotCount) await transaction.insertInto('slots').values({ location, slot, key }).execute();
        return slot; // past the last one when the location is full: whoever asks says so
      }),
    async all(location) {
      const rows = await database
        .selectFrom('slots')
        .select(['slot', 'key'])
        .where('location', '=', location)
        .orderBy('slot')
        .execute();
      return rows.map(({ slot, key }) => ({ slot, key: keyFrom(key) }));
    },
    async release(key) {
      await database.deleteFrom('slots').where('key', '=', key).execute();
    },
  };
}

export function tokenBook(database: Kysely<Tables>): TokenBook {
  return {
    async find(hash) {
      const row = await database
        .selectFrom('tokens')
        .select(['name', 'right', 'expires_at_ms'])
        .where('hash', '=', hash)
        .executeTakeFirst();
      return row && { name: row.name, right: row.right, expiresAtMs: row.expires_at_ms };
    },
    async add({ hash, name, right, createdAtMs, expiresAtMs }) {
      const times = { created_at_ms: createdAtMs, expires_at_ms: expiresAtMs };
      await database
        .insertInto('tokens')
        .values({ hash, name, right, ...times })
        .execute();
    },
    async list() {
      const rows = await database
        .selectFrom('tokens')
        .select(['name', 'right', 'created_at_ms', 'expires_at_ms'])
        .orderBy('created_at_ms')
        .execute();
      return rows.map(({ name, right, created_at_ms, expires_at_ms }) => ({
        name,
        right,
        createdAtMs: created_at_ms,
        expiresAtMs: expires_at_ms,
      }));
    },
    async remove(name) {
      const { numDeletedRows } = await database
        .deleteFrom('tokens')
        .where('name', '=', name)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

export function branchBook(database: Kysely<Tables>): BranchBook {
  return {
    async commit(repository, branch) {
      const row = await database
        .selectFrom('branches')
        .select('commit')
        .where('repository', '=', repository)
        .where('branch', '=', branch)
        .executeTakeFirst();
      return row?.commit;
    },
    async all(repository) {
      const rows = await database
        .selectFrom('branches')
        .select(['branch', 'commit'])
        .where('repository', '=', repository)
        .execute();
      return new Map(rows.map(({ branch, commit }) => [branch, commit]));
    },
    async record(repository, branch, commit) {
      const where = database
        .deleteFrom('branches')
        .where('repository', '=', repository)
        .where('branch', '=', branch);
      if (commit === null) {
        await where.execute();
        return;
      }
      await database
        .insertInto('branches')
        .values({ repository, branch, commit })
        .onConflict((conflict) => conflict.columns(['repository', 'branch']).doUpdateSet({ commit }))
        .execute();
    },
  };
}

import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Tables } from './tables.ts';

/** Brings the database to the newest form. A migration is never changed once it was released; the next one mends it. */
export async function migrate(database: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

const MIGRATIONS: Record<string, Migration> = {
  '0001-books': statements(
    `create table wishes (
      key text primary key, wanted text not null, location text not null, repository text not null,
      revision integer not null, slot integer not null, address text not null, subnet text not null,
      fqdn text not null, settled text, deleted_by text not null)`,
    `create table revisions (
      key text not null, number integer not null, "commit" text not null, path text not null, spec text not null,
      sealed text not null, images text, accepted_by text not null, accepted_at_ms bigint not null,
      primary key (key, number))`,
    `create table runs (
      key text not null, pod_id text not null, container text not null, started_at_ms bigint not null,
      finished_at_ms bigint not null, exit_code integer not null, out_of_memory integer not null,
      primary key (pod_id, container, started_at_ms))`,
    `create table intervals (
      id text primary key, key text not null, pod_id text, started_at_ms bigint not null, ended_at_ms bigint,
      estimated integer not null, rest text not null)`,
    `create table events (
      id integer primary key autoincrement, at_ms bigint not null, key text not null, revision integer not null,
      fact text not null)`,
    'create table labels (fqdn text primary key, key text not null unique)',
    `create table slots (
      location text not null, slot integer not null, key text not null,
      primary key (location, slot), unique (location, key))`,
    `create table tokens (
      hash text primary key, name text not null, "right" text not null, created_at_ms bigint not null)`,
    `create table branches (
      repository text not null, branch text not null, "commit" text not null, primary key (repository, branch))`,
    'create index runs_by_key on runs (key)',
    'create index intervals_by_key on intervals (key)',
    'create index events_by_key on events (key)',
  ),
  '0002-lifecycle': statements(
    'alter table wishes add column restart_before_ms bigint not null default 0',
    'alter table wishes add column expires_at_ms bigint',
    "alter table revisions add column reason text not null default ''",
    'alter table revisions add column rollback_of integer not null default 0',
    'alter table revisions add column settled text',
  ),
  '0003-callers': statements(
    'alter table tokens add column expires_at_ms bigint',
    `create table audit (
      number integer primary key, at_ms bigint not null, id text not null, kind text not null, caller text not null,
      surface text not null, text text not null, "group" text not null, environment text not null,
      decision text not null, effect text not null, cost text not null, previous text not null, hash text not null)`,
    // A row that does not continue the chain is left out without a word; whoever adds it sees that and takes the next place.
    `create trigger audit_continues before insert on audit
      when new.number is not (select coalesce(max(number), 0) + 1 from audit)
        or exists (select 1 from audit where number = new.number - 1 and hash is not new.previous)
      begin select raise(ignore); end`,
    `create trigger audit_is_not_changed before update on audit
      begin select raise(abort, 'the audit is never changed'); end`,
    `create trigger audit_is_not_shortened before delete on audit
      begin select raise(abort, 'the audit is never changed'); end`,
  ),
  '0004-operations': statements(
    `create table keys (
      caller text not null, key text not null, body_hash text not null, operation text not null, at_ms bigint not null,
      outcome text, primary key (caller, key))`,
  ),
  '0005-mail': statements(
    `create table deliveries (
      number integer primary key autoincrement, source text not null, id text not null, natural_key text not null,
      lane text not null, event text not null, payload text not null, received_at_ms bigint not null,
      attempts integer not null default 0, state text not null default 'waiting',
      unique (source, id), unique (source, natural_key))`,
    "create index deliveries_waiting on deliveries (lane, number) where state = 'waiting'",
    'create index deliveries_by_time on deliveries (received_at_ms)',
    `create table writes (
      account text not null, key text not null, kind text not null, content text not null, importance text not null,
      creates integer not null, sequence integer not null, waits integer not null, since_ms bigint not null,
      next_at_ms bigint not null, attempts integer not null, remote text, sent_hash text not null,
      sent_at_ms bigint not null, primary key (account, key))`,
    'create index writes_waiting on writes (account) where waits = 1',
    'create table sent (account text not null, at_ms bigint not null, creates integer not null)',
    'create index sent_by_time on sent (account, at_ms)',
    'create table accounts (account text primary key, until_ms bigint not null, times integer not null)',
  ),
  '0007-github': statements(
    `create table pulls (
      repository text not null, number integer not null, finished integer not null, document text not null,
      primary key (repository, number))`,
    `create table heads (
      repository text not null, number integer not null, "commit" text not null, at_ms bigint not null,
      pushed_by bigint not null, primary key (repository, number, at_ms))`,
    'create table asks (id text primary key, at_ms bigint not null, answered integer not null, document text not null)',
    'create index pulls_unfinished on pulls (finished) where finished = 0',
    'create index asks_unanswered on asks (answered) where answered = 0',
  ),
  '0010-approvals': statements(
    'create table proposals (id text primary key, open integer not null, at_ms bigint not null, document text not null)',
    'create index proposals_open on proposals (open) where open = 1',
    'create table confirmations (id text primary key, expires_at_ms bigint not null, document text not null)',
  ),
  '0020-probes': statements("alter table runs add column unhealthy text not null default ''"),
  '0020-secrets': statements(
    `create table secrets (
      name text not null, repository text not null, environment text not null, sealed text not null,
      fingerprint text not null, set_by text not null, set_at_ms bigint not null,
      primary key (name, repository, environment))`,
  ),
  '0030-slack': statements(
    'create table slack_teams (id text primary key, sealed text not null, document text not null)',
    'create table slack_states (state text primary key, at_ms bigint not null)',
    `create table slack_asks (
      id text primary key, at_ms bigint not null, answered integer not null, document text not null)`,
    'create index slack_asks_unanswered on slack_asks (answered) where answered = 0',
    `create table slack_rooms (
      key text primary key, team text not null, channel text not null, ts text not null, finished integer not null,
      at_ms bigint not null, document text not null)`,
    'create index slack_rooms_by_place on slack_rooms (team, channel, ts)',
    'create index slack_rooms_open on slack_rooms (finished) where finished = 0',
    `create table slack_buttons (
      id text primary key, room text not null, deed text not null, expires_at_ms bigint not null, used_at_ms bigint,
      document text not null)`,
    'create index slack_buttons_by_room on slack_buttons (room)',
    'create table slack_attempts (account text not null, key text not null, at_ms bigint not null, primary key (account, key))',
    "alter table writes add column place text not null default ''",
    "alter table sent add column place text not null default ''",
  ),
  '0032-people': statements(
    `create table links (
      home text not null, "user" text not null, github bigint not null, login text not null,
      linked_at_ms bigint not null, checked_at_ms bigint not null, expires_at_ms bigint not null,
      primary key (home, "user"), unique (home, github))`,
    `create table subscriptions (
      team text not null, channel text not null, repository text not null, document text not null,
      primary key (team, channel, repository))`,
    'create index subscriptions_by_repository on subscriptions (repository)',
  ),
  '0040-addresses': statements(
    `create table addresses (
      location text not null, address text not null, protocol text not null, host_port integer not null,
      port integer not null, key text not null, primary key (location, address, protocol, host_port))`,
    'create index addresses_by_key on addresses (key)',
    // Until now every group had one address, with its ports as they are.
    `insert or ignore into addresses select wishes.location, wishes.address, ports.value ->> 'protocol',
      ports.value ->> 'port', ports.value ->> 'port', wishes.key from wishes
      join revisions on revisions.key = wishes.key and revisions.number = wishes.revision,
      json_each(revisions.spec, '$.ipAddress.ports') as ports where wishes.address <> ''`,
    "alter table wishes add column published text not null default '[]'",
    `update wishes set published = (select json_group_array(json_object('address', address, 'protocol', protocol,
      'port', port, 'hostPort', host_port)) from addresses where addresses.key = wishes.key)`,
    'create table names (key text primary key, fqdn text not null, records text not null)',
  ),
  '0050-hosts': statements(
    "alter table wishes add column host text not null default ''",
    // Until now every location was one host, which has the location's name; places are counted by host.
    'update wishes set host = location',
    'create table drained (host text primary key, by text not null, at_ms bigint not null)',
  ),
  '0060-gpus': statements(
    `create table gpus (
      location text not null, device text not null, key text not null, container text not null,
      primary key (location, device))`,
    'create index gpus_by_key on gpus (key)',
  ),
  '0070-certificates': statements(
    `create table certificates (
      name text primary key, chain text not null, sealed text not null, from_ms bigint not null, until_ms bigint not null,
      failures integer not null, retry_at_ms bigint not null, problem text not null)`,
    'create table acme_accounts (directory text primary key, sealed text not null)',
  ),
  '0075-custom-domains': statements(
    // Until now a group had one name.
    'alter table labels rename to former_labels',
    'create table labels (fqdn text primary key, key text not null)',
    'insert into labels select fqdn, key from former_labels',
    'drop table former_labels',
    'create index labels_by_key on labels (key)',
  ),
  '0080-shipping': statements('create table shipped (key text primary key, document text not null)'),
  // Until now only locations of one host, which has the location's name, handed out any.
  '0081-gpus-by-host': statements('alter table gpus rename column location to host'),
  '0082-images': statements(
    `create table pulled_images (
      host text not null, id text not null, name text not null, used_at_ms bigint not null,
      primary key (host, id, name))`,
  ),
  '0083-beside': statements(
    `create table beside (
      key text primary key, revision integer not null, going integer not null, stays_until_ms bigint not null,
      slot integer not null, address text not null, subnet text not null, published text not null)`,
  ),
  '0084-waiting': statements(
    'alter table wishes add column waits_since_ms bigint',
    // Until now the last word of its life told whether a stopped group was evicted, and comes back.
    `update wishes set waits_since_ms = (
      select case when fact ->> 'kind' = 'evicted' and fact ->> 'returns' then at_ms end from events
      where events.key = wishes.key
        and fact ->> 'kind' in ('accepted', 'evicted', 'stopping', 'starting', 'removing')
      order by id desc limit 1) where wanted = 'stopped'`,
  ),
};

function statements(...texts: readonly string[]): Migration {
  return {
    async up(database) {
      for (const text of texts) await sql.raw(text).execute(database);
    },
  };
}

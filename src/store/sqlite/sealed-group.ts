import type { Kysely } from 'kysely';
import { Secret, type Vault } from '../../secrets/index.ts';
import type { Group } from '../../spec/index.ts';
import type { Tables } from './tables.ts';

/** Revisions are immutable, and opening their seal takes milliseconds: each is read and opened once. */
export function groupCache(database: Kysely<Tables>, vault: Vault) {
  const groups = new Map<string, Group>();
  return {
    keep: (key: string, number: number, group: Group) => groups.set(`${key} ${number}`, group),
    async read({ key, number }: { key: string; number: number }): Promise<Group> {
      const known = groups.get(`${key} ${number}`);
      if (known) return known;
      const { spec, sealed } = await database
        .selectFrom('revisions')
        .select(['spec', 'sealed'])
        .where('key', '=', key)
        .where('number', '=', number)
        .executeTakeFirstOrThrow();
      const group = await unsealGroup(spec, sealed, vault);
      groups.set(`${key} ${number}`, group);
      return group;
    },
  };
}

/** A group as text, and its secrets sealed apart from it: `{"$secret": 0}` stands where the first one was, with what stood in the file for it. */
export async function sealGroup(group: Group, vault: Vault): Promise<{ spec: string; sealed: string }> {
  const secrets: string[] = [];
  const spec = JSON.stringify(withPlaceholders(group, secrets));
  return { spec, sealed: secrets.length ? await vault.seal(JSON.stringify(secrets)) : '' };
}

async function unsealGroup(spec: string, sealed: string, vault: Vault): Promise<Group> {
  const secrets: string[] = sealed ? JSON.parse(await vault.unseal(sealed)) : [];
  return JSON.parse(spec, (_, value) => {
    if (typeof value !== 'object' || value === null) return value;
    const { $secret: place, source }: { $secret?: unknown; source?: string } = value;
    return typeof place === 'number' ? new Secret(secrets[place] ?? '', source) : value;
  });
}

/** JSON.stringify's own replacer sees a Secret only after it was made unprintable, so the walk is done by hand. */
function withPlaceholders(value: unknown, secrets: string[]): unknown {
  if (value instanceof Secret) {
    const { source } = value;
    return { $secret: secrets.push(value.reveal()) - 1, ...(source === undefined ? {} : { source }) };
  }
  if (Array.isArray(value)) return value.map((each) => withPlaceholders(each, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, withPlaceholders(each, secrets)]),
  );
}

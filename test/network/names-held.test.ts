/** Which names stay, which come back, and which never do. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fqdnOf, type LabelRequest } from '../../src/network/index.ts';

const SCOPES = ['Unsecure', 'TenantReuse', 'SubscriptionReuse', 'ResourceGroupReuse', 'Noreuse'] as const;

const request: LabelRequest = {
  label: 'hello',
  environment: 'production',
  location: 'local',
  domain: 'example.com',
  scope: 'Noreuse',
  owner: 'acme',
  repository: 'team/shop',
  held: '',
  fresh: 'seed',
};

const labels = fc.stringMatching(/^[a-z][a-z0-9-]{3,61}[a-z0-9]$/);
const requests = fc.record<LabelRequest>({
  label: labels,
  environment: fc.oneof(fc.constant('production'), fc.stringMatching(/^[a-z][a-z0-9-]{0,60}[a-z0-9]$/)),
  location: fc.constantFrom('local', 'office'),
  domain: fc.constantFrom('localhost', 'apps.example.com'),
  scope: fc.constantFrom(...SCOPES),
  owner: fc.constantFrom('acme', ''),
  repository: fc.constantFrom('shop', 'team/shop', 'team/api'),
  held: fc.constantFrom('', 'hello.local.localhost', 'hello..local.localhost'),
  fresh: fc.uuid(),
});

describe('every name', () => {
  test('is one that DNS can carry, and the same each time', () => {
    fc.assert(
      fc.property(requests, (given) => {
        const name = fqdnOf(given);
        expect(name.length).toBeLessThanOrEqual(253);
        for (const part of name.split('.')) expect(part).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
        expect(fqdnOf(given)).toBe(name);
      }),
    );
  });

  test('of another environment is another name, also where both are cut to fit', () => {
    fc.assert(
      fc.property(requests, fc.stringMatching(/^[a-z]{1,20}$/), (given, more) => {
        const environment = `${given.environment}-${more}`;
        expect(fqdnOf({ ...given, environment })).not.toBe(fqdnOf(given));
      }),
    );
  });

  test('of a label and an environment that fit together is both, uncut', () => {
    const whole = fqdnOf({
      ...request,
      label: 'l'.repeat(50),
      environment: 'e'.repeat(12),
      scope: 'Unsecure',
    });
    expect(whole).toBe(`${'l'.repeat(50)}-${'e'.repeat(12)}.local.example.com`);
  });

  test('of one scope is that of no other', () => {
    const names = SCOPES.map((scope) => fqdnOf({ ...request, scope }));
    expect(new Set(names).size).toBe(SCOPES.length);
  });

  test('of a repository without a namespace keeps to that repository', () => {
    const name = (repository: string) => fqdnOf({ ...request, scope: 'SubscriptionReuse', repository });
    expect(name('shop')).toBe(name('shop'));
    expect(name('shop')).not.toBe(name('api'));
  });

  test('is not the same for owners and namespaces that only look alike when they are joined', () => {
    const name = (owner: string, repository: string) =>
      fqdnOf({ ...request, scope: 'SubscriptionReuse', owner, repository });
    expect(name('a', 'bc/x')).not.toBe(name('ab', 'c/x'));
  });
});

describe('a name of Noreuse', () => {
  const held = fqdnOf({ ...request, fresh: 'first' });

  test('is kept while the group holds it', () => {
    expect(fqdnOf({ ...request, fresh: 'second', held })).toBe(held);
  });

  test.each<[string, Partial<LabelRequest>]>([
    ['another label', { label: 'other' }],
    ['another environment', { environment: 'pr-1' }],
    ['another location', { location: 'office' }],
    ['another domain', { domain: 'example.org' }],
  ])('is given up for %s', (_what, change) => {
    const changed = fqdnOf({ ...request, ...change, fresh: 'second', held });
    expect(changed).not.toBe(held);
    expect(changed).toBe(fqdnOf({ ...request, ...change, fresh: 'second' }));
  });

  test.each(['Unsecure', 'TenantReuse', 'SubscriptionReuse', 'ResourceGroupReuse'] as const)(
    'is not one that the group holds by %s: that could be had again',
    (scope) => {
      const lasting = fqdnOf({ ...request, scope });
      expect(fqdnOf({ ...request, held: lasting })).toBe(fqdnOf(request));
    },
  );

  test('is not taken for a location that looks like a hash', () => {
    const location = 'a234567890123456';
    const bare = fqdnOf({ ...request, location, scope: 'Unsecure' });
    expect(fqdnOf({ ...request, location, held: bare })).toMatch(/^hello\.\w{16}\.a234567890123456\./);
  });
});

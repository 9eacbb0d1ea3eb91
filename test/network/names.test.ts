import { describe, expect, test } from '@jest/globals';
import { edgePort, fqdnOf, isThisMachine, type LabelRequest, labelTaken } from '../../src/network/index.ts';
import { readGroup } from '../../src/spec/index.ts';

const request: LabelRequest = {
  label: 'hello',
  environment: 'production',
  location: 'local',
  domain: 'example.com',
  scope: 'Unsecure',
  owner: 'acme',
  repository: 'team/shop',
  held: '',
  fresh: 'seed',
};

describe('the name of a group', () => {
  test('is label, location and domain', () => expect(fqdnOf(request)).toBe('hello.local.example.com'));

  test('outside production carries the environment, so that a preview never takes production’s name', () => {
    expect(fqdnOf({ ...request, environment: 'pr-12' })).toBe('hello-pr-12.local.example.com');
  });

  test('stays within the 63 characters of a label, and apart from others', () => {
    const long = (environment: string) =>
      fqdnOf({ ...request, label: 'l'.repeat(60), environment }).split('.')[0] ?? '';
    expect(long('feature-a').length).toBeLessThanOrEqual(63);
    expect(long('feature-a')).not.toBe(long('feature-b'));
    expect(long('feature-a')).toBe(long('feature-a'));
  });

  test.each(['TenantReuse', 'SubscriptionReuse', 'ResourceGroupReuse', 'Noreuse'] as const)(
    'with %s has a hash of 16 lower-case letters and digits',
    (scope) => {
      expect(fqdnOf({ ...request, scope })).toMatch(/^hello\.[a-z][a-z0-9]{15}\.local\.example\.com$/);
      expect(fqdnOf({ ...request, scope })).toBe(fqdnOf({ ...request, scope }));
    },
  );

  test('is the same again for the same owner, namespace or repository, and another for others', () => {
    const name = (scope: LabelRequest['scope'], change: Partial<LabelRequest> = {}) =>
      fqdnOf({ ...request, scope, ...change });
    expect(name('TenantReuse', { repository: 'other/api' })).toBe(name('TenantReuse'));
    expect(name('TenantReuse', { owner: 'other' })).not.toBe(name('TenantReuse'));
    expect(name('SubscriptionReuse', { repository: 'team/api' })).toBe(name('SubscriptionReuse'));
    expect(name('SubscriptionReuse', { repository: 'other/api' })).not.toBe(name('SubscriptionReuse'));
    expect(name('ResourceGroupReuse', { repository: 'team/api' })).not.toBe(name('ResourceGroupReuse'));
  });

  test('with Noreuse stays while the group lives and never comes back', () => {
    const first = fqdnOf({ ...request, scope: 'Noreuse', fresh: 'one' });
    expect(fqdnOf({ ...request, scope: 'Noreuse', fresh: 'two', held: first })).toBe(first);
    expect(fqdnOf({ ...request, scope: 'Noreuse', fresh: 'two' })).not.toBe(first);
  });

  test('that is taken says by whom, with ACI’s code', () => {
    expect(labelTaken('hello.local.example.com', 'the group production/shop')).toMatchObject({
      code: 'DnsNameLabelAlreadyTaken',
      message: expect.stringContaining('production/shop'),
    });
  });
});

describe('the port that HTTP by name goes to', () => {
  test.each([
    ['80 before others', [8080, 80], 80],
    ['8080 when there is no 80', [9000, 8080], 8080],
    ['else the first', [9000, 9001], 9000],
  ])('is %s', (_what, ports, expected) => {
    const list = ports.map((port) => `{port: ${port}}`).join(', ');
    const { group } = readGroup(
      `name: a\nproperties: {osType: Linux, ipAddress: {type: Public, ports: [${list}]}, containers: [{name: a, properties: {image: a, ports: [${list}], resources: {requests: {cpu: 1, memoryInGB: 1}}}}]}`,
    );
    expect(group && edgePort(group)).toBe(expected);
  });
});

test.each([
  ['hello.local.localhost', true],
  ['LOCALHOST', true],
  ['hello.notlocalhost', false],
  ['localhost.example.com', false],
])('%s is the machine of whoever types it: %s', (name, isOwn) => {
  expect(isThisMachine(name)).toBe(isOwn);
});

/** Which certificate a name has, when it is asked for again, and what happens when it cannot be had. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { httpsFindings } from '../../src/commands/doctor-https.ts';
import { httpsFrom, parseSettings } from '../../src/config.ts';
import { Failure } from '../../src/failure.ts';
import { openLocalAuthority } from '../../src/network/certificates/authority.ts';
import type { CertificateBook, Kept } from '../../src/network/certificates/book.ts';
import { certificateDue, certificateName, retryAt } from '../../src/network/certificates/due.ts';
import { createFileCertificates } from '../../src/network/certificates/files.ts';
import { createKeeper } from '../../src/network/certificates/keeper.ts';
import { createKeyring } from '../../src/network/certificates/keyring.ts';
import { Secret } from '../../src/secrets/index.ts';
import { eventually } from '../world/bot.ts';
import { createAuthority, signed } from '../world/certificates.ts';
import { createManualClock } from '../world/clock.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'katabot-certificates-'));
const NOW_MS = Date.UTC(2026, 0, 1);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kept = (more: Partial<Kept>): Kept => ({
  name: 'a.example.com',
  pair: undefined,
  life: undefined,
  failures: 0,
  retryAtMs: 0,
  problem: '',
  ...more,
});

describe('a certificate is due', () => {
  const life = { fromMs: NOW_MS, untilMs: NOW_MS + 90 * DAY_MS };

  test('at once where there never was one', () => {
    expect(certificateDue('a.example.com', undefined)).toBe(0);
  });

  test('at two thirds of its life, and names not all on one day', () => {
    const days = Array.from({ length: 40 }, (_, index) => {
      const dueMs = certificateDue(`g${index}.example.com`, kept({ life }));
      return (dueMs - NOW_MS) / DAY_MS;
    });
    for (const day of days) expect(day).toBeGreaterThanOrEqual(60);
    for (const day of days) expect(day).toBeLessThanOrEqual(64.5);
    expect(new Set(days.map(Math.floor)).size).toBeGreaterThan(3);
  });

  test('after a failure not before its time, also where an old one is still good', () => {
    expect(certificateDue('a.example.com', kept({ life, failures: 1, retryAtMs: NOW_MS + 5 }))).toBe(
      NOW_MS + 5,
    );
  });

  test('later after every failure, a day or a little more at most, and an hour at least for who asks too often', () => {
    const minutes = (failures: number, limited = false) =>
      (retryAt('a.example.com', failures, NOW_MS, limited) - NOW_MS) / MINUTE_MS;
    expect(minutes(1)).toBeGreaterThanOrEqual(5);
    expect(minutes(2)).toBeCloseTo(2 * minutes(1), 2);
    expect(minutes(1, true)).toBeGreaterThanOrEqual(60);
    expect(minutes(500)).toBeLessThanOrEqual(1.25 * 24 * 60);
  });
});

test('one certificate is for a name, or for all names of a location where that is wanted', () => {
  const wide = { domain: 'apps.example.com', wildcards: true };
  expect(certificateName('hello.office.apps.example.com', { ...wide, wildcards: false })).toBe(
    'hello.office.apps.example.com',
  );
  expect(certificateName('hello.office.apps.example.com', wide)).toBe('*.office.apps.example.com');
  expect(certificateName('www.shop.example', wide)).toBe('www.shop.example');
});

/** An authority that says what the test wants, and counts. */
async function keeping(names: string[], options: { fails?: () => Failure | undefined } = {}) {
  const clock = createManualClock(NOW_MS);
  const authority = await openLocalAuthority(join(folder, `for-${names.join('-')}`), {
    domain: 'example.com',
    clock,
  });
  const rows = new Map<string, Kept>();
  let written = 0;
  const book: CertificateBook = {
    all: async () => [...rows.values()],
    put: async (each) => {
      rows.set(each.name, each);
      written++;
    },
    remove: async (name) => void rows.delete(name),
  };
  const asked: string[] = [];
  const warnings: Record<string, unknown>[] = [];
  const open = () => {
    const ring = createKeyring();
    const keeper = createKeeper({
      wanted: () => names,
      issue: async (name) => {
        asked.push(name);
        const failure = options.fails?.();
        if (failure) throw failure;
        return authority.issue(name);
      },
      ring,
      book,
      clock,
      tell: () => {},
      warn: (fields) => warnings.push(fields),
      reportInternal: (error) => {
        throw error;
      },
    });
    return { ring, keeper };
  };
  /** So many answers are written down, and nothing more is under way. */
  const settled = async (answers: number) => {
    await eventually(async () => expect(written).toBe(answers));
    await new Promise(setImmediate);
  };
  return { clock, rows, asked, warnings, open, settled, names };
}

describe('the keeper of certificates', () => {
  test('asks once for each name that is wanted, shows what it got, and renews it in time', async () => {
    const { clock, asked, open, settled, names } = await keeping(['a.example.com']);
    const { ring, keeper } = open();
    await keeper.start();
    for (let count = 0; count < 5; count++) keeper.look();
    await settled(1);
    expect(asked).toEqual(['a.example.com']);
    expect(ring.contextFor('a.example.com')).toBeDefined();
    expect(ring.contextFor('b.example.com')).toBeUndefined();
    names.push('b.example.com');
    keeper.look();
    await settled(2);
    expect(asked).toEqual(['a.example.com', 'b.example.com']);
    clock.advance(59 * DAY_MS);
    expect(asked).toHaveLength(2);
    clock.advance(7 * DAY_MS);
    await settled(4);
    expect(asked).toHaveLength(4);
    await keeper.close();
  });

  test('does not ask again after a restart for what it has, nor before its time for what was refused', async () => {
    let fails: Failure | undefined = new Failure('certificate-refused', 'No, said the authority.');
    const { clock, rows, asked, warnings, open, settled } = await keeping(['c.example.com'], {
      fails: () => fails,
    });
    const first = open();
    await first.keeper.start();
    await settled(1);
    expect(warnings).toMatchObject([{ name: 'c.example.com', problem: 'No, said the authority.' }]);
    await first.keeper.close();
    const second = open();
    await second.keeper.start();
    clock.advance(4 * MINUTE_MS);
    expect(asked).toHaveLength(1);
    fails = undefined;
    clock.advance(3 * MINUTE_MS);
    await settled(2);
    expect(asked).toHaveLength(2);
    expect(rows.get('c.example.com')).toMatchObject({ failures: 0, problem: '' });
    await second.keeper.close();
    const third = open();
    await third.keeper.start();
    expect(asked).toHaveLength(2);
    expect(third.ring.contextFor('c.example.com')).toBeDefined();
    await third.keeper.close();
  });

  test('goes on showing the old one while a new one is refused', async () => {
    let fails: Failure | undefined;
    const { clock, open, settled } = await keeping(['d.example.com'], { fails: () => fails });
    const { ring, keeper } = open();
    await keeper.start();
    await settled(1);
    fails = new Failure('certificate-limited', 'Too many.');
    clock.advance(66 * DAY_MS);
    await settled(2);
    expect(ring.contextFor('d.example.com')).toBeDefined();
    expect(keeper.known()).toMatchObject([{ problem: 'Too many.' }]);
    await keeper.close();
  });
});

describe('the bot’s own authority', () => {
  const clock = createManualClock(Date.now());

  test('is made once, its key is for its owner alone, and what it signs is trusted by who trusts it', async () => {
    const home = join(folder, 'own');
    const first = await openLocalAuthority(home, { domain: 'apps.example.com', clock });
    const pem = readFileSync(first.file, 'utf8');
    const again = await openLocalAuthority(home, { domain: 'apps.example.com', clock });
    expect(readFileSync(again.file, 'utf8')).toBe(pem);
    expect(statSync(join(home, 'authority.key')).mode & 0o777).toBe(0o600);
    const root = new X509Certificate(pem);
    const leaf = new X509Certificate((await again.issue('*.office.apps.example.com')).chain);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkHost('hello.office.apps.example.com')).toBe('*.office.apps.example.com');
  });

  test('is made anew for another domain, with the key that it has', async () => {
    const home = join(folder, 'moved');
    const before = await openLocalAuthority(home, { domain: 'one.example', clock });
    const old = new X509Certificate(readFileSync(before.file));
    await openLocalAuthority(home, { domain: 'two.example', clock });
    const fresh = new X509Certificate(readFileSync(before.file));
    expect(fresh.subject).toContain('two.example');
    expect(fresh.publicKey.equals(old.publicKey)).toBe(true);
  });
});

describe('certificates from files', () => {
  const authority = createAuthority(folder, 'someone');
  const one = signed(folder, 'one', authority, '*.office.example.com');
  const two = signed(folder, 'two', authority, 'two.example.com');
  const files = [{ certificate: join(folder, 'shown.pem'), key: join(folder, 'shown.key') }];
  const show = ({ cert, key }: { cert: string; key: string }, at: number) => {
    writeFileSync(files[0]?.certificate ?? '', readFileSync(cert));
    writeFileSync(files[0]?.key ?? '', readFileSync(key));
    for (const each of Object.values(files[0] ?? {})) utimesSync(each, at, at);
  };

  test('are shown for the names in them, and read anew when they change; half a change leaves what was there', () => {
    const clock = createManualClock(NOW_MS);
    const told: unknown[] = [];
    show(one, 1_000);
    const source = createFileCertificates(files, { clock, tell: (fields) => told.push(fields) });
    expect(source.contextFor('hello.office.example.com')).toBeDefined();
    expect(source.contextFor('two.example.com')).toBeUndefined();
    writeFileSync(files[0]?.certificate ?? '', readFileSync(two.cert)); // its key is not there yet
    clock.advance(15_000);
    expect(told).toMatchObject([{ problem: 'the key does not belong to the certificate' }]);
    expect(source.contextFor('hello.office.example.com')).toBeDefined();
    show(two, 2_000);
    clock.advance(15_000);
    expect(source.contextFor('two.example.com')).toBeDefined();
    expect(source.contextFor('hello.office.example.com')).toBeUndefined();
    expect(told).toHaveLength(1);
    source.close();
  });

  test.each([
    [
      'that do not belong together',
      { certificate: one.cert, key: two.key },
      'the key does not belong to the certificate',
    ],
    ['that are not there', { certificate: join(folder, 'no.pem'), key: one.key }, 'ENOENT'],
  ])('%s end the start with the place in the settings', (_, pair, why) => {
    const open = () => createFileCertificates([pair], { clock: createManualClock(), tell: () => {} });
    expect(open).toThrow(Failure);
    expect(open).toThrow(new RegExp(`^edge\\.https\\.files\\[0\\]: .*${why}`));
  });
});

test('a certificate is never shown with a key that is printed somewhere', () => {
  const pair = { chain: '', key: new Secret('-----BEGIN PRIVATE KEY-----') };
  expect(JSON.stringify(kept({ pair }))).not.toContain('PRIVATE');
});

test('doctor says what to trust, what ends when, and what could not be had', () => {
  const life = { fromMs: NOW_MS, untilMs: NOW_MS + 90 * DAY_MS };
  const soon = { fromMs: NOW_MS, untilMs: NOW_MS + 3 * DAY_MS };
  const findings = httpsFindings(
    {
      files: [{ file: '/etc/old.pem', life: soon }],
      known: [
        kept({ life }),
        kept({
          name: 'b.example.com',
          failures: 2,
          retryAtMs: NOW_MS,
          problem: 'Nobody answers at port 80.',
        }),
        kept({ name: 'c.example.com', life: soon, failures: 9, retryAtMs: NOW_MS, problem: 'Too many.' }),
      ],
      local: { file: '/var/lib/katabot/authority/authority.pem', untilMs: 0 },
    },
    NOW_MS,
  );
  expect(findings.map(({ state, text }) => [state, text])).toEqual([
    ['fine', expect.stringContaining('curl --cacert /var/lib/katabot/authority/authority.pem')],
    ['broken', '/etc/old.pem ends 2026-01-04'],
    ['fine', '1 certificate; it ends 2026-04-01 and is renewed before'],
    ['warning', 'no certificate for b.example.com: Nobody answers at port 80.'],
    ['broken', 'no new certificate for c.example.com: Too many.'],
  ]);
  expect(findings[3]?.advice).toBe('It is asked for again at 2026-01-01T00:00:00.000Z.');
});

describe('settings of HTTPS', () => {
  const read = (https: string, more = '') =>
    httpsFrom(parseSettings(`edge: { domain: apps.example.com, https: ${https} }\n${more}`, 'katabot.yml'));

  test('are few where little is wanted', () => {
    expect(read('{}')).toMatchObject({
      address: '127.0.0.1:7443',
      files: [],
      acme: undefined,
      hstsSeconds: 0,
    });
    expect(read('{ hsts: 180d, acme: { termsAgreed: true } }')).toMatchObject({
      hstsSeconds: 15_552_000,
      acme: { directory: 'https://acme-v02.api.letsencrypt.org/directory', proof: 'http' },
    });
  });

  test.each([
    [
      '{ acme: {} }',
      '',
      'edge.https.acme.termsAgreed: expected true: an authority gives nothing to who has not agreed',
    ],
    [
      '{ acme: { termsAgreed: true, wildcards: true } }',
      '',
      'edge.https.acme.wildcards: a name with a star can only',
    ],
    [
      '{ acme: { termsAgreed: true, proof: dns } }',
      '',
      'edge.https.acme.proof: nobody is told what to write into a zone',
    ],
    [
      '{ acme: { termsAgreed: true, directory: "http://a.example" } }',
      '',
      'acme.directory: expected the https address',
    ],
    [
      '{ acme: { termsAgreed: true, caFile: /no/such } }',
      '',
      'edge.https.acme.caFile: /no/such cannot be read',
    ],
    ['{ hsts: soon }', '', 'edge.https.hsts: expected a duration'],
    ['{ files: [{ certificate: a.pem }] }', '', 'edge.https.files.0.key'],
    ['{ address: "443" }', '', 'edge.https.address: expected host:port'],
  ])('%s are refused with one sentence', (https, more, why) => {
    expect(() => read(https, more)).toThrow(why);
  });

  test('name no authority of others for a domain that is nobody’s', () => {
    expect(() =>
      httpsFrom(parseSettings('edge: { https: { acme: { termsAgreed: true } } }', 'katabot.yml')),
    ).toThrow('edge.https.acme: no authority gives certificates for localhost');
  });
});

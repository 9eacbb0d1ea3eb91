import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { readOrMake, Secret } from '../../secrets/index.ts';
import type { CertificatePair } from './book.ts';

/** A certificate authority of the bot's own, for machines that are told to trust it. */
export interface LocalAuthority {
  /** What to trust: its certificate, a PEM file. */
  readonly file: string;
  readonly untilMs: number;
  issue(name: string): Promise<CertificatePair>;
}

const DAY_MS = 86_400_000;
const ROOT_DAYS = 3650;
const LEAF_DAYS = 90;
/** Clocks of other machines may be behind. */
const BEFORE_MS = 3_600_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** OIDs of serverAuth, and of the constraint on names (RFC 5280, 4.2.1.10). */
const [SERVER_AUTH, NAME_CONSTRAINTS] = ['1.3.6.1.5.5.7.3.1', '2.5.29.30'];

type X509 = typeof import('@peculiar/x509');

/**
 * Opens the authority of a folder, and makes it when there is none: a key that its owner alone may read, and a certificate
 * that is good for names below the domain only, so that who trusts it trusts it with nothing else.
 */
export async function openLocalAuthority(
  folder: string,
  { domain, clock }: { domain: string; clock: Clock },
): Promise<LocalAuthority> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'authority.pem');
  const key = createPrivateKey(await readOrMake(join(folder, 'authority.key'), () => pemOf(newKey())));
  const x509 = await loadX509();
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (!isGood(kept, { key, domain, nowMs: clock.now() })) {
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, await rootFor(x509, key, { domain, nowMs: clock.now() }), { mode: 0o644 });
    await rename(draft, file);
  }
  const root = await readFile(file, 'utf8');
  return {
    file,
    untilMs: Date.parse(new X509Certificate(root).validTo),
    issue: (name) => leafFor(x509, { root, key, name, nowMs: clock.now() }),
  };
}

/** Loaded where it is needed: it would be a tenth of the start of every other bot. */
async function loadX509(): Promise<X509> {
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  return x509;
}

function isGood(
  pem: string,
  { key, domain, nowMs }: { key: KeyObject; domain: string; nowMs: number },
): boolean {
  if (!pem) return false;
  try {
    const root = new X509Certificate(pem);
    const lastsMs = Date.parse(root.validTo) - nowMs;
    return (
      root.checkPrivateKey(key) && root.raw.includes(constraintTo(domain)) && lastsMs > LEAF_DAYS * DAY_MS
    );
  } catch {
    return false; // half a file, or none of ours
  }
}

async function rootFor(
  x509: X509,
  key: KeyObject,
  { domain, nowMs }: { domain: string; nowMs: number },
): Promise<string> {
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=Katabot local authority for ${domain}`,
    serialNumber: serial(),
    notBefore: new Date(nowMs - BEFORE_MS),
    notAfter: new Date(nowMs + ROOT_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys: await keysOf(key),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.Extension(NAME_CONSTRAINTS, true, constraintTo(domain)),
      await x509.SubjectKeyIdentifierExtension.create(await publicKeyOf(key)),
    ],
  });
  return `${root.toString('pem')}\n`;
}

async function leafFor(
  x509: X509,
  { root, key, name, nowMs }: { root: string; key: KeyObject; name: string; nowMs: number },
): Promise<CertificatePair> {
  const own = newKey();
  const issuer = new x509.X509Certificate(root);
  const leaf = await x509.X509CertificateGenerator.create({
    subject: '', // names stand in the extension, which has room for every length
    issuer: issuer.subject,
    serialNumber: serial(),
    notBefore: new Date(nowMs - BEFORE_MS),
    notAfter: new Date(nowMs + LEAF_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    signingKey: (await keysOf(key)).privateKey,
    publicKey: await publicKeyOf(own),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([SERVER_AUTH]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }], true),
      await x509.AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
    ],
  });
  return { chain: `${leaf.toString('pem')}\n`, key: new Secret(pemOf(own)) };
}

/** `permittedSubtrees` with one name: a name stands for itself and for all below it. Its length is written in up to three bytes. */
function constraintTo(domain: string): Buffer {
  const name = tagged(0x82, Buffer.from(domain, 'ascii'));
  return tagged(0x30, tagged(0xa0, tagged(0x30, name)));
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function pemOf(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

async function keysOf(key: KeyObject) {
  return { privateKey: key.toCryptoKey(ALGORITHM, false, ['sign']), publicKey: await publicKeyOf(key) };
}

async function publicKeyOf(key: KeyObject) {
  return createPublicKey(pemOf(key)).toCryptoKey(ALGORITHM, true, ['verify']);
}

/** Positive, and not to be guessed. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

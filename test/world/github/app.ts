/** The app as GitHub knows it: its keys, its installation, what it may do, and how much of it. */
import { createVerify, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { ApiError, type Repository, type State } from './state.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The least that the bot needs; what is not here is answered as GitHub answers it. */
export type Permissions = Readonly<Record<string, 'read' | 'write'>>;

export interface App {
  readonly id: number;
  readonly installation: number;
  readonly slug: string;
  readonly privateKey: string;
  webhookSecret: string;
  /** How many requests of each kind were made, such as `POST comments`. */
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly atMs: number;
    readonly status: number;
  }[];
  /** Gives a token for the app's own signature. */
  token(context: Context): { token: string; expires_at: string };
  /** Throws unless the request is the app's own. */
  signed(context: Context): void;
  allow(context: Context, repository: Repository): void;
  reaches(repository: Repository): boolean;
  needs(permission: string, level: 'read' | 'write'): void;
  /** Counts a request that makes something; throws GitHub's secondary limit. */
  created(): void;
}

export function createGithubApp(state: State, permissions: Permissions, outside: ReadonlySet<string>): App {
  const { privateKey, publicKey } = keys();
  const tokens = new Map<string, number>();
  const createdAtMs: number[] = [];
  const app: App = {
    id: 42,
    installation: 7,
    slug: 'katabot',
    privateKey,
    webhookSecret: randomBytes(24).toString('hex'),
    requests: [],
    signed(context) {
      const [head = '', payload = '', signature = ''] = bearer(context).split('.');
      const genuine = createVerify('RSA-SHA256')
        .update(`${head}.${payload}`)
        .verify(publicKey, signature, 'base64url');
      const claims: { iss?: unknown; exp?: number; iat?: number } = genuine
        ? JSON.parse(Buffer.from(payload, 'base64url').toString())
        : {};
      const lifeSeconds = (claims.exp ?? 0) - (claims.iat ?? 0);
      if (!genuine || String(claims.iss) !== String(app.id) || lifeSeconds > 660) {
        throw new ApiError(401, 'A JSON web token could not be decoded');
      }
    },
    token(context) {
      app.signed(context);
      const token = `ghs_${randomBytes(18).toString('hex')}`;
      tokens.set(token, Date.now() + HOUR_MS); // the client keeps them by the real time, too
      return { token, expires_at: new Date(Date.now() + HOUR_MS).toISOString() };
    },
    allow(context, repository) {
      const expiresAtMs = tokens.get(bearer(context));
      if (expiresAtMs === undefined || expiresAtMs < Date.now()) throw new ApiError(401, 'Bad credentials');
      if (!app.reaches(repository)) throw new ApiError(404, 'Not Found');
    },
    reaches: ({ owner, name }) => !outside.has(`${owner}/${name}`),
    needs(permission, level) {
      const given = permissions[permission];
      if (given === 'write' || given === level) return;
      throw new ApiError(403, 'Resource not accessible by integration');
    },
    created() {
      const nowMs = state.clock.now();
      const within = (spanMs: number) => createdAtMs.filter((atMs) => atMs > nowMs - spanMs).length;
      if (within(MINUTE_MS) >= 80 || within(HOUR_MS) >= 500)
        throw new ApiError(
          403,
          'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
        );
      createdAtMs.push(nowMs);
    },
  };
  return app;
}

let made: { privateKey: string; publicKey: string } | undefined;

/** One pair for all the worlds of a test file: making one takes long. */
function keys() {
  made ??= generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return made;
}

function bearer(context: Context): string {
  return context.req.header('authorization')?.replace(/^(bearer|token) /i, '') ?? '';
}

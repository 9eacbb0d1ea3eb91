import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../clock.ts';
import { Failure, messageOf } from '../../failure.ts';
import { createEdge, type Edge } from '../edge.ts';
import type { Target } from '../persist.ts';
import { createCaddyAdmin } from './admin.ts';
import { type CaddyMeans, type CaddySettings, isCertified, ownPart, type ServedName } from './own-part.ts';
import { namesServedIn, withOwnPart } from './with-own-part.ts';

/** Names served by a Caddy that somebody else runs: it is told of every one, and told again when it has forgotten. */
export interface CaddyEdge extends Edge {
  /** Names, or where they lead, may have changed; as often as one likes. */
  look(): void;
  /** Whether a name that a group holds is served over HTTPS. */
  serves(name: string): boolean;
  /** Asks Caddy now, for `doctor`. */
  facts(): Promise<CaddyFacts>;
}

/** What is known of a Caddy that serves names. */
export interface CaddyFacts {
  readonly admin: string;
  /** '' where it does not tell. */
  readonly version: string;
  readonly names: number;
  /** What is not as it should be; '' where all is. */
  readonly problem: string;
  /** What to do about that. */
  readonly advice: string;
  /** Whether its own authority signs. */
  readonly signsItself: boolean;
}

/** What a Caddy that serves names is told with. */
export interface CaddyEdgeParts extends CaddySettings {
  readonly admin: string;
  /** For the bot's own edge, which stands behind Caddy; from memory, as the other. */
  readonly resolve: (host: string) => Target | undefined;
  readonly served: () => readonly ServedName[];
  /** Told once, before `served` is first asked: what Caddy has served for a bot that was here before. */
  readonly goOnWith: (names: readonly string[]) => Promise<void>;
  readonly clock: Clock;
  readonly tell: (fields: Record<string, unknown>, message: string) => void;
  readonly warn: (fields: Record<string, unknown>, message: string) => void;
  readonly reportInternal: (error: unknown) => void;
}

/** Where the bot's own edge is found by Caddy alone. */
const BEHIND = '127.0.0.1';
/** What is in memory is looked at so often: whether a probe has succeeded is told by nobody. */
const LOOK_EVERY_MS = 500;
/** Caddy itself is asked so often what it has: one that was restarted has forgotten. */
const ASK_EVERY_MS = 3_000;
/** Who does not answer, or refuses, is asked less and less often. */
const LONGEST_PAUSE_MS = 30_000;

/** What it listens at is Caddy's: `listen` tells it where, and everything goes on from there, until `close`. */
export function createCaddyEdge(parts: CaddyEdgeParts): CaddyEdge {
  const { instance, domain, tls } = parts;
  const admin = createCaddyAdmin(parts.admin);
  const closing = new AbortController();
  const { signal } = closing;
  const secret = randomUUID();
  const own = createEdge(parts.resolve, { behind: secret });
  const places: { http?: CaddyMeans['http']; https?: CaddyMeans['https']; behind?: CaddyMeans['behind'] } =
    {};
  let keepsStreams = true;
  const change = (served: readonly ServedName[]) => (found: unknown) => {
    const { http, https, behind } = places;
    if (!http || !behind) return found;
    return withOwnPart(found, instance, ownPart(parts, { http, https, behind, keepsStreams }, served));
  };
  const bring = async (served: readonly ServedName[]) => {
    try {
      return await admin.bring(change(served), signal);
    } catch (error) {
      if (!keepsStreams || !messageOf(error).includes('"stream_close_delay"')) throw error;
      keepsStreams = false; // a Caddy before 2.7; it does not tell its version
      return admin.bring(change(served), signal);
    }
  };
  const begin = async () => parts.goOnWith(namesServedIn(await admin.read(signal), instance));
  const keeper = keepBringing(parts, { begin, bring }, signal);
  /** Not before all is known: a bot that starts again must not take away what Caddy has served meanwhile. */
  const look = () => {
    if (places.http && (places.https || !tls)) keeper.look();
  };
  const listen = async (kind: 'http' | 'https', host: string, port: number) => {
    places.behind ??= { host: BEHIND, port: await own.listen(BEHIND, 0), secret };
    places[kind] = { host, port };
    look();
    return port;
  };
  return {
    listen: (host, port) => listen('http', host, port),
    listenSecurely: (host, port) => listen('https', host, port),
    look,
    serves: (name) => isCertified(name, domain, tls),
    async facts() {
      const problem = await keeper.now();
      const version = await admin.version(signal).catch(() => ''); // it is silent: that is the problem already
      return {
        admin: parts.admin,
        version,
        names: parts.served().length,
        problem: problem === undefined ? '' : messageOf(problem),
        advice: problem instanceof Failure ? problem.advice : '',
        signsItself: tls !== undefined && tls.acme === undefined,
      };
    },
    /** What Caddy has stays: groups are reached while the bot is away. */
    async close() {
      closing.abort(new Error('the bot is stopping'));
      await Promise.all([keeper.ended(), own.close()]);
    },
  };
}

/** Brings what is served there, one at a time, whenever that has changed and every so often besides. */
function keepBringing(
  { clock, tell, warn, reportInternal, admin, served }: CaddyEdgeParts,
  {
    begin,
    bring,
  }: { begin: () => Promise<void>; bring: (served: readonly ServedName[]) => Promise<boolean> },
  signal: AbortSignal,
) {
  let cancel = () => {};
  let running: Promise<void> | undefined;
  let hasBegun = false;
  let told: { served: readonly ServedName[]; atMs: number } | undefined;
  let failures = 0;
  let problem: unknown;
  const lookOnce = async () => {
    if (!hasBegun) await begin();
    hasBegun = true;
    const now = served();
    if (told && clock.now() - told.atMs < ASK_EVERY_MS && isDeepStrictEqual(now, told.served)) return;
    const changed = await bring(now);
    if (told === undefined) tell({ admin, names: now.length }, 'Caddy has what it should');
    else if (changed) tell({ admin, names: now.length }, 'Caddy was told of a change');
    told = { served: now, atMs: clock.now() };
    failures = 0;
    problem = undefined;
  };
  const fail = (error: unknown) => {
    if (signal.aborted) return;
    failures++;
    told = undefined;
    if (!(error instanceof Failure)) reportInternal(error);
    else if (error.message !== messageOf(problem))
      warn({ problem: error.message, advice: error.advice }, 'Caddy is not told of names');
    problem = error;
  };
  const look = (): Promise<void> => {
    cancel();
    running ??= lookOnce()
      .catch(fail)
      .finally(() => {
        running = undefined;
        if (signal.aborted) return;
        cancel = clock.after(Math.min(LOOK_EVERY_MS * 2 ** failures, LONGEST_PAUSE_MS), look);
      });
    return running; // what has changed meanwhile is seen by the next look
  };
  return {
    /** At once, unless Caddy has just failed to answer: then when it is asked again. */
    look: () => void (failures || signal.aborted || look()),
    /** Asks Caddy now, and gives what is not as it should be. */
    async now(): Promise<unknown> {
      await running;
      if (told) told = { ...told, atMs: Number.NEGATIVE_INFINITY };
      await look();
      return problem;
    },
    ended: async () => {
      cancel();
      await running;
    },
  };
}

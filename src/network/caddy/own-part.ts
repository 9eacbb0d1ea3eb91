import { plainAnswer } from '../edge-answers.ts';
import { BEHIND_HEADER, EDGE_HEADER } from '../headers.ts';
import { withPort } from '../ranges.ts';

/** A name and where its requests go, for an edge that is told. */
export interface ServedName {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** False while its readiness probe says that it is to get no requests. */
  readonly ready: boolean;
  /** Whether its group is just being brought up, or changed. */
  readonly changing: boolean;
}

/** What the settings say of a Caddy that serves names. */
export interface CaddySettings {
  /** Name of the bot: several may have their part of one Caddy. */
  readonly instance: string;
  readonly domain: string;
  /** Undefined for plain HTTP alone. */
  readonly tls: CaddyTls | undefined;
}

/** How names are served over HTTPS. */
export interface CaddyTls {
  /** Undefined for the authority that Caddy makes for itself. */
  readonly acme: { readonly directory: string; readonly email: string; readonly caFile: string } | undefined;
  readonly redirects: boolean;
  /** For how long a browser is told to use HTTPS alone, seconds; 0 to tell it nothing. */
  readonly hstsSeconds: number;
}

/** Where Caddy listens for the bot, what stands behind it, and what it can. */
export interface CaddyMeans {
  readonly http: Place;
  readonly https: Place | undefined;
  /** The bot's own edge, which is handed whatever Caddy cannot answer from a group at once, and by what it knows Caddy. */
  readonly behind: Place & { readonly secret: string };
  /** Whether websockets outlive a change of its configuration: since 2.7 they may. */
  readonly keepsStreams: boolean;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** What of a Caddy's configuration is the bot's; as Caddy gives it back, so that the two can be compared. */
export interface OwnPart {
  /** Whose certificates it gets, and from whom. */
  readonly policies: readonly Json[];
  /** By name. */
  readonly servers: Readonly<Record<string, Json>>;
}

type Json = Readonly<Record<string, unknown>>;

/** What may be sent again after it may have been read. Caddy has passed a body on by then, and those of these have none. */
const REPEATABLE = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];
/** For so long a websocket outlives a change of what Caddy is told. */
const STREAMS_GO_ON = '24h';
/**
 * Programs close connections after five seconds and more; a request must not meet that. What is left out here is zero to Caddy,
 * which then keeps no more than two connections of a group.
 */
const KEPT = { idle_timeout: '4s', max_idle_conns_per_host: 256, probe_interval: '30s' };
/** What a client says of itself; Caddy sets the other headers anew. */
const NOT_BELIEVED = [
  'Forwarded',
  'X-Real-Ip',
  'X-Forwarded-Prefix',
  'X-Forwarded-Scheme',
  'X-Forwarded-Ssl',
];

const HOST = '{http.request.host}';
/** What Caddy says of a request that no connection was made for. */
const NOT_SENT = '{http.error.message}.startsWith("dial ")';

/**
 * A server for HTTP, one for HTTPS, and whose certificates are got. Requests for a group that is ready go to it; all others, and
 * those that found nobody there, go to the bot's own edge, which knows who is worth waiting for and what to say otherwise.
 * Pure: the same names in another order are the same part.
 */
export function ownPart(
  { instance, domain, tls }: CaddySettings,
  means: CaddyMeans,
  served: readonly ServedName[],
): OwnPart {
  const { http, https } = means;
  const names = served.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const secure = names.filter(({ name }) => https !== undefined && isCertified(name, domain, tls));
  const redirected = new Set(tls?.redirects ? secure.map(({ name }) => name) : []);
  const plain = names.filter(({ name }) => !redirected.has(name));
  const redirects = https && redirected.size ? [redirect([...redirected], https.port)] : [];
  const { plainly, securely, certificates } = ownNames(instance);
  const plainServer = server(http, redirects, plain, means, '');
  // A policy without names would be for every name of that Caddy.
  if (!tls || !https || !secure.length) return { policies: [], servers: { [plainly]: plainServer } };
  const hsts = tls.hstsSeconds ? `max-age=${tls.hstsSeconds}` : '';
  return {
    policies: [policy(certificates, tls, http, secure)],
    servers: {
      [plainly]: plainServer,
      [securely]: { ...server(https, [], secure, means, hsts), tls_connection_policies: [{}] },
    },
  };
}

/** By which the bot knows its own part among what others have in the same Caddy. Pure. */
export function ownNames(instance: string) {
  return {
    plainly: `${instance}-http`,
    securely: `${instance}-https`,
    certificates: `${instance}-certificates`,
  };
}

/** Whether a name is served over HTTPS. Caddy's own authority signs as the bot's own does: below the bot's domain alone. Pure. */
export function isCertified(name: string, domain: string, tls: CaddyTls | undefined): boolean {
  return tls !== undefined && (tls.acme !== undefined || name.endsWith(`.${domain}`));
}

/** Certificates are got when somebody first asks for a name; that it stands in this list is the permission. */
function policy(id: string, { acme }: CaddyTls, http: Place, certified: readonly ServedName[]): Json {
  return {
    '@id': id,
    subjects: certified.map(({ name }) => name),
    issuers: [acme ? issuer(acme, http) : { module: 'internal' }],
    on_demand: true,
  };
}

function issuer({ directory, email, caFile }: NonNullable<CaddyTls['acme']>, http: Place): Json {
  return {
    module: 'acme',
    ca: directory,
    ...(email ? { email } : {}),
    ...(caFile ? { trusted_roots_pem_files: [caFile] } : {}),
    // The authority looks where it does for the bot's own edge, and Caddy opens no port of its own for that.
    challenges: { http: { alternate_port: http.port }, 'tls-alpn': { disabled: true } },
  };
}

function server(
  { host, port }: Place,
  redirects: readonly Json[],
  names: readonly ServedName[],
  means: CaddyMeans,
  hsts: string,
): Json {
  const { behind, keepsStreams } = means;
  const way = { asked: port, keepsStreams };
  const set = hsts ? { set: { 'Strict-Transport-Security': [hsts] } } : undefined;
  const toGroup = (served: ServedName) => ({
    match: [{ host: [served.name] }],
    handle: [proxyTo(served, { ...way, request: {}, response: { delete: [EDGE_HEADER], ...set } })],
    terminal: true,
  });
  // Who asks a group that is being changed is best kept waiting from the start; where a change ends websockets there are to be few.
  const isDirect = ({ ready, changing }: ServedName) => ready && !(changing && keepsStreams);
  const known = { [BEHIND_HEADER]: [behind.secret] };
  const toEdge = proxyTo(
    { address: behind.host, port: behind.port },
    { ...way, request: known, response: set },
  );
  return {
    listen: [withPort(host, port)],
    automatic_https: { disable: true }, // what it would do by itself is said here
    routes: [...redirects, ...names.filter(isDirect).map(toGroup), { handle: [toEdge] }],
    errors: { routes: afterErrors(behind, toEdge) },
  };
}

/** What becomes of a request that found nobody. */
function afterErrors(behind: Place, toEdge: Json): Json[] {
  const last = '{http.reverse_proxy.upstream.hostport}';
  return [
    {
      match: [{ expression: `${last} == "${withPort(behind.host, behind.port)}"` }],
      handle: [said(502, `The bot is away, and ${HOST} leads to nobody without it.`)],
      terminal: true,
    },
    // Nobody has seen it, or it may be seen twice.
    { match: [{ method: REPEATABLE }, { expression: NOT_SENT }], handle: [toEdge], terminal: true },
    {
      handle: [
        said(502, `The group behind ${HOST} does not answer on port {http.reverse_proxy.upstream.port}.`),
      ],
    },
  ];
}

function redirect(names: readonly string[], port: number): Json {
  const location = `https://${HOST}${port === 443 ? '' : `:${port}`}{http.request.uri}`;
  return {
    match: [{ host: names }],
    handle: [said(308, `Come to ${location}`, { location })],
    terminal: true,
  };
}

interface Way {
  /** The port at which the client asks. */
  readonly asked: number;
  readonly keepsStreams: boolean;
  /** Headers besides. */
  readonly request: Json;
  /** Undefined where there is nothing to say. */
  readonly response: Json | undefined;
}

function proxyTo(
  { address, port }: { readonly address: string; readonly port: number },
  { asked, keepsStreams, request, response }: Way,
): Json {
  return {
    handler: 'reverse_proxy',
    upstreams: [{ dial: withPort(address, port) }],
    flush_interval: '1ms', // what a group says is passed on as it comes; with -1 it would not hear that its client has left
    ...(keepsStreams ? { stream_close_delay: STREAMS_GO_ON } : {}),
    transport: {
      protocol: 'http',
      compression: false, // an answer is passed on as it is
      keep_alive: KEPT,
    },
    headers: {
      request: { set: { 'X-Forwarded-Port': [`${asked}`], ...request }, delete: NOT_BELIEVED },
      ...(response ? { response } : {}), // an empty one ends Caddy 2.6 in a panic
    },
  };
}

/** An answer of the edge's own, as the bot's own edge gives it. */
function said(status: number, sentence: string, more: Readonly<Record<string, string>> = {}): Json {
  const { headers, body } = plainAnswer(sentence, more);
  return {
    handler: 'static_response',
    status_code: status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    body,
  };
}

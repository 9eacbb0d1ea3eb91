import type { Generated } from 'kysely';

// Every time is epoch milliseconds, every document JSON text; the same columns would do in another database.

export interface Tables {
  wishes: {
    key: string;
    wanted: 'running' | 'stopped' | 'deleted';
    location: string;
    /** '' while it waits for room. */
    host: string;
    repository: string;
    revision: number;
    slot: number;
    address: string;
    subnet: string;
    /** JSON: every port at every address. */
    published: string;
    fqdn: string;
    settled: 'Running' | 'Succeeded' | 'Failed' | 'Stopped' | null;
    deleted_by: string;
    restart_before_ms: number;
    expires_at_ms: number | null;
    /** Of a group that waits for room. */
    waits_since_ms: number | null;
  };
  /** The second place of a group. */
  beside: {
    key: string;
    /** What is tried there, or was there last. */
    revision: number;
    /** 1 where nothing is tried there any more. */
    going: number;
    stays_until_ms: number;
    slot: number;
    address: string;
    subnet: string;
    /** JSON, as in `wishes`. */
    published: string;
  };
  revisions: {
    key: string;
    number: number;
    commit: string;
    path: string;
    /** The group; each secret in it stands as its place in `sealed`. */
    spec: string;
    /** All secrets of the revision, as one sealed JSON list; '' when there are none. */
    sealed: string;
    images: string | null;
    accepted_by: string;
    accepted_at_ms: number;
    reason: string;
    rollback_of: number;
    /** How it went; a stop or a removal later does not change that. */
    settled: 'Running' | 'Succeeded' | 'Failed' | null;
  };
  runs: {
    key: string;
    pod_id: string;
    container: string;
    started_at_ms: number;
    finished_at_ms: number;
    exit_code: number;
    out_of_memory: number;
    unhealthy: string;
  };
  intervals: {
    id: string;
    key: string;
    pod_id: string | null;
    started_at_ms: number;
    ended_at_ms: number | null;
    estimated: number;
    /** The rest of the interval: size, prices, who and where. */
    rest: string;
  };
  events: { id: Generated<number>; at_ms: number; key: string; revision: number; fact: string };
  labels: { fqdn: string; key: string };
  slots: { location: string; slot: number; key: string };
  /** `container` is '' for a device that the newest revision gives to none. */
  gpus: { host: string; device: string; key: string; container: string };
  drained: { host: string; by: string; at_ms: number };
  certificates: {
    name: string;
    chain: string;
    sealed: string;
    from_ms: number;
    until_ms: number;
    failures: number;
    retry_at_ms: number;
    problem: string;
  };
  acme_accounts: { directory: string; sealed: string };
  addresses: {
    location: string;
    address: string;
    protocol: 'TCP' | 'UDP';
    host_port: number;
    port: number;
    key: string;
  };
  /** What an outside name server was told of a group (JSON). */
  names: { key: string; fqdn: string; records: string };
  tokens: {
    hash: string;
    name: string;
    right: string;
    created_at_ms: number;
    /** null: it works until it is revoked. */
    expires_at_ms: number | null;
  };
  /** Rows are added and never changed; triggers see to that. */
  audit: {
    number: number;
    at_ms: number;
    id: string;
    kind: 'asked' | 'ended';
    caller: string;
    surface: string;
    text: string;
    group: string;
    environment: string;
    decision: string;
    effect: string;
    cost: string;
    previous: string;
    hash: string;
  };
  branches: { repository: string; branch: string; commit: string };
  /** What an idempotency key was used for, and how that ended (JSON). */
  keys: {
    caller: string;
    key: string;
    body_hash: string;
    operation: string;
    at_ms: number;
    outcome: string | null;
  };
  deliveries: {
    number: Generated<number>;
    source: string;
    id: string;
    natural_key: string;
    lane: string;
    event: string;
    /** '' once it was worked on. */
    payload: string;
    received_at_ms: number;
    attempts: Generated<number>;
    state: Generated<'waiting' | 'done' | 'failed'>;
  };
  writes: {
    account: string;
    key: string;
    kind: string;
    /** JSON; '' once it was sent. */
    content: string;
    importance: string;
    creates: number;
    /** Such as a channel that takes one new message a second; '' when there is none. */
    place: Generated<string>;
    sequence: number;
    waits: number;
    since_ms: number;
    next_at_ms: number;
    attempts: number;
    remote: string | null;
    sent_hash: string;
    sent_at_ms: number;
  };
  /** Times of what was sent in the last hour, for the budgets. */
  sent: { account: string; at_ms: number; creates: number; place: Generated<string> };
  accounts: { account: string; until_ms: number; times: number };
  /** `document` is the rest of a pull request (JSON). */
  pulls: { repository: string; number: number; finished: number; document: string };
  heads: { repository: string; number: number; commit: string; at_ms: number; pushed_by: number };
  /** `document` is the rest of a deploy that waits for people or the clock (JSON). */
  proposals: { id: string; open: number; at_ms: number; document: string };
  confirmations: { id: string; expires_at_ms: number; document: string };
  /** `document` is the rest of what was asked (JSON); '' once it is answered. */
  asks: { id: string; at_ms: number; answered: number; document: string };
  /** '' stands for every repository, for every environment. `sealed` holds name, scope and value. */
  secrets: {
    name: string;
    repository: string;
    environment: string;
    sealed: string;
    fingerprint: string;
    set_by: string;
    set_at_ms: number;
  };
  /** Who an account of a chat is at the code host; no token of anybody. */
  links: {
    home: string;
    user: string;
    github: number;
    login: string;
    linked_at_ms: number;
    checked_at_ms: number;
    expires_at_ms: number;
  };
  /** `document` is the rest of what a channel is told of (JSON). */
  subscriptions: { team: string; channel: string; repository: string; document: string };
  /** `sealed` is the bot's token there, `document` the rest of a workspace (JSON). */
  slack_teams: { id: string; sealed: string; document: string };
  slack_states: { state: string; at_ms: number };
  slack_asks: { id: string; at_ms: number; answered: number; document: string };
  /** `ts` is what Slack calls the message; '' until it is there. */
  slack_rooms: {
    key: string;
    team: string;
    channel: string;
    ts: string;
    finished: number;
    at_ms: number;
    document: string;
  };
  slack_buttons: {
    id: string;
    room: string;
    deed: string;
    expires_at_ms: number;
    used_at_ms: number | null;
    document: string;
  };
  /** `document` is where the group is, and how far its lines are shipped (JSON). */
  shipped: { key: string; document: string };
  /** Images that the bot has brought to a host, under each name. */
  pulled_images: { host: string; id: string; name: string; used_at_ms: number };
  /** Sendings that must not happen twice. */
  slack_attempts: { account: string; key: string; at_ms: number };
}

import type { Clock } from '../clock.ts';
import type { Engine, GpuDevice, Isolation } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import type { Ledger, Prices } from '../metering/index.ts';
import type {
  AddressBook,
  CaddyFacts,
  DnsLook,
  HttpsFacts,
  LabelBook,
  PlaceBook,
  Pools,
  PrivateNetwork,
  SlotBook,
} from '../network/index.ts';
import type {
  AuditBook,
  ChatAccount,
  ConfirmationBook,
  Life,
  PeopleBook,
  Policy,
  Proposals,
  SubscriptionBook,
} from '../policy/index.ts';
import type {
  DesiredState,
  Domains,
  DrainBook,
  EventBook,
  Feed,
  GpuBook,
  Health,
  ImageBook,
  LogArchive,
  RunBook,
  StandbyPools,
} from '../reconciler/index.ts';
import type { SecretBook, Vault } from '../secrets/index.ts';
import type { Updates } from '../spec/index.ts';
import type { Sources } from './sources.ts';
import type { UsageSample } from './usage-sample.ts';

/** What commands stand on: the books, the engines, and a way to wake the reconciler. */
export interface Ground {
  readonly locations: Readonly<Record<string, Location>>;
  /** The hosts of all locations, by name. */
  readonly hosts: Readonly<Record<string, Host>>;
  readonly drains: DrainBook;
  /** Groups of a location are given their room one after the other. */
  readonly turns: Map<string, Promise<void>>;
  readonly desired: DesiredState;
  readonly runs: RunBook;
  readonly logs: LogArchive;
  readonly events: EventBook;
  readonly ledger: Ledger;
  readonly labels: LabelBook;
  readonly slots: SlotBook;
  readonly gpus: GpuBook;
  readonly images: Pick<ImageBook, 'all'>;
  readonly addresses: AddressBook;
  readonly places: PlaceBook;
  /** Sandboxes that wait for a group. */
  readonly standby: Pick<StandbyPools, 'of' | 'wake'>;
  readonly audit: AuditBook;
  readonly secrets: SecretBook;
  readonly vault: Pick<Vault, 'open' | 'recipient' | 'pepper'>;
  readonly proposals: Proposals;
  readonly confirmations: ConfirmationBook;
  readonly codeHost: CodeHost;
  /** How long a deploy waits for a yes, milliseconds. */
  readonly approveWithinMs: number;
  readonly policy: Policy;
  readonly people: PeopleBook;
  readonly subscriptions: SubscriptionBook;
  /** A new address at which somebody links their accounts; absent where that cannot be proved. */
  readonly linkAddress?: (account: ChatAccount) => string | undefined;
  readonly feed: Feed;
  readonly wake: (key: GroupKey) => void;
  /** What the probes of a group's containers say. */
  readonly health: (key: GroupKey) => readonly Health[];
  /** What a running group has used within the last hour, oldest first. */
  readonly lastHour: (key: GroupKey) => readonly UsageSample[];
  readonly clock: Clock;
  readonly edge: Edge;
  readonly sources: Sources;
  /** How long groups of an environment live: without a word, and at most. */
  readonly machine: Machine;
  readonly lives: (environment: string) => Life;
  /** Which custom domains lead to their groups. */
  readonly domains: Pick<Domains, 'of' | 'look' | 'proofOf'>;
  /** What is seen of the zone that the groups’ names lie in. */
  readonly dns: () => Promise<readonly DnsLook[]>;
  /** What is known of the certificates of names; undefined where names are not served over HTTPS. */
  readonly https: () => HttpsFacts | undefined;
  /** What a Caddy that serves names has now; undefined where the bot serves them itself. */
  readonly caddy: () => Promise<CaddyFacts> | undefined;
  /** Those that the lines of containers go to, as they were seen last. */
  readonly logTargets: () => readonly LogTargetLook[];
  /** Who the bot belongs to; part of the reuse scopes of labels. */
  readonly owner: string;
  /** For a group whose location has left the settings. */
  readonly defaultPrices: Prices;
}

/** What is known of somebody who keeps the lines of containers. */
export interface LogTargetLook {
  /** Where the settings speak of it, such as `locations.office.logs`. */
  readonly setting: string;
  readonly name: string;
  /** How many groups ship to it now. */
  readonly groups: number;
  /** Since the bot was started. */
  readonly sentLines: number;
  readonly refusedLines: number;
  /** Why it refused some, the last time; '' when it has refused none. */
  readonly refusal: string;
  /** Since when, epoch ms, and why nothing goes; undefined while it takes what it is sent. */
  readonly failing: { readonly sinceMs: number; readonly why: string } | undefined;
}

/** What a code host says of its people, asked anew each time. */
export interface CodeHost {
  /** Those of the teams (`acme/ops`) that somebody is in. Throws when it cannot be known. */
  teamsOf(repository: string, person: string, teams: readonly string[]): Promise<readonly string[]>;
}

/** What the bot’s own machine and the surfaces tell of themselves. */
export interface Machine {
  /** Of the file system with the bot's own data. */
  disk(): Promise<{ freeBytes: number }>;
  /** What waits between the bot and a code host; undefined without one. */
  mail(): Promise<
    | {
        readonly deliveries: {
          readonly waiting: number;
          readonly failed: number;
          readonly oldestAtMs?: number;
        };
        readonly writes: { readonly waiting: number; readonly oldestAtMs?: number };
      }
    | undefined
  >;
  /** Each watched branch, as it was seen last. */
  watched(): readonly { name: string; branch: string; state: 'fine' | 'away' | 'broken'; message: string }[];
}

/** Where a group goes: a name in the settings, behind which there are one or several hosts. */
export interface Location {
  /** In the order of the settings. */
  readonly hosts: readonly Host[];
  readonly prices: Prices;
  /** What a group here must be isolated by; a weaker engine is refused. */
  readonly isolation: Isolation;
  /** The networks that groups here may join, by name. */
  readonly networks: Readonly<Record<string, PrivateNetwork>>;
  /** Whether groups find one another by name there: they ask the engine, which nothing but plain containers can. */
  readonly answersNames: boolean;
  /** How a revision takes the place of the one before it, where its group says nothing. */
  readonly updates: Updates;
}

/** One machine of a location, with the engine on it. */
export interface Host {
  /** Like no other host's; that of the location where it is the only one. */
  readonly name: string;
  readonly location: string;
  /** '' for none. */
  readonly zone: string;
  /** Where the settings speak of it, such as `locations.office`. */
  readonly setting: string;
  readonly engine: Engine;
  readonly pools: Pools;
  /** The GPUs that groups there may be given. */
  readonly gpus: readonly GpuDevice[];
  /** What its images may take; undefined where nobody has said. */
  readonly keepImagesUnderBytes?: number | undefined;
}

export interface Edge {
  readonly domain: string;
  /** `http://hello.local.localhost:7080` */
  urlOf(fqdn: string): string;
  /** Asks an address once it answers; undefined when it does not. */
  probe(url: string, signal: AbortSignal): Promise<{ status: number; tookMs: number } | undefined>;
}

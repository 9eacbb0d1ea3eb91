/** Which name and address reach which group. */
export {
  edgePort,
  isHandedOut,
  isOneAddress,
  type Pools,
  poolsFrom,
  poolsOverlap,
  rangesOnHost,
  slotOf,
  spareSubnets,
  subnetOf,
} from './addresses.ts';
export { type CaddyEdge, type CaddyFacts, createCaddyEdge } from './caddy/caddy-edge.ts';
export type { ServedName } from './caddy/own-part.ts';
export type { RecordProofs } from './certificates/acme.ts';
export type { AccountBook, CertificateBook, CertificatePair } from './certificates/book.ts';
export { createHttps, type HeldName, type Https, type HttpsFacts } from './certificates/https.ts';
export { type DnsLook, lookAtZone } from './dns-look.ts';
export { createDnsServer } from './dns-server.ts';
export { createOutsideZone, type NameBook, type OutsideZone } from './dns-update.ts';
export { createDomainLook, type LookAtDomain } from './domain-look.ts';
export { customDomainsOf, domainProofOf, lookAgainAt, proofNameOf, whereItLeads } from './domains.ts';
export { createEdge, type Edge } from './edge.ts';
export {
  type AddressBook,
  type Allocation,
  type Asked,
  allocate,
  besideKey,
  type Decide,
  type Endpoint,
  type PlaceBook,
  type SlotBook,
} from './endpoints.ts';
export { domainTaken, fqdnOf, type LabelBook, type LabelRequest, labelTaken } from './labels.ts';
export {
  allocatePrivate,
  bookOf,
  type PrivateNetwork,
  privateNetworksFrom,
  rangesOf,
} from './private.ts';
export { probe } from './probe.ts';
export { parseAddress, type Range, rangeFrom, rangesOverlap, withPort } from './ranges.ts';
export {
  addressRecords,
  isThisMachine,
  recordsOf,
  type Site,
  secureUrlTo,
  siteFor,
  siteRecords,
  urlTo,
} from './records.ts';
export { createZone, TTL_SECONDS, type Zone, type ZoneRecord } from './zone.ts';

/** What containers print goes to whoever keeps it: Loki, OpenTelemetry, syslog. */
export { logTargetSchema } from './settings.ts';
export type { Shipped, ShippingBook } from './ship-group.ts';
export { createShipping, type Shipping } from './shipping.ts';
export { logTargetFrom } from './target.ts';

/** What a group has cost: intervals, prices, exact money. Pure, but for the book it declares. */
export { type Bill, bill, formatDuration, formatTotal } from './bill.ts';
export { type Interval, type Ledger, type LedgerChange, settle } from './intervals.ts';
export { formatMoney, Money, picosOf } from './money.ts';
export { costOf, type Prices, pricesFrom, rate, type Size, sizeOf } from './prices.ts';
export { closedAfter, settleStandby } from './standby.ts';

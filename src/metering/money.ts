import { Failure } from '../failure.ts';

/** 10^-12: a small group costs less than a millionth of a dollar a second, so micro-units would be too coarse. */
const PICOS = 1_000_000_000_000n;
const SYMBOLS: Readonly<Record<string, string>> = { USD: '$', EUR: '€', GBP: '£' };

/** An exact amount: whole pico-units (10^-12) of a currency. Prints and serialises as a decimal, never as a float. */
export class Money {
  readonly currency: string;
  readonly picos: bigint;

  constructor(currency: string, picos: bigint) {
    this.currency = currency;
    this.picos = picos;
  }

  /** Throws a Failure `currency-mismatch` for two currencies: they have no sum. */
  plus(other: Money): Money {
    if (other.currency !== this.currency && other.picos !== 0n && this.picos !== 0n) {
      throw new Failure('currency-mismatch', `${this.currency} and ${other.currency} cannot be added.`);
    }
    return new Money(this.picos === 0n ? other.currency : this.currency, this.picos + other.picos);
  }

  toJSON(): { currency: string; amount: string } {
    return { currency: this.currency, amount: decimalOf(this.picos, 12).replace(/\.?0+$/, '') };
  }
}

/**
 * `$0.0216`, `3.20 CHF`. Without `digits` as many as make sense: cents from a cent upwards, else enough to
 * show two figures, because a bill that says $0.00 says nothing. `digits` that would show nothing are not kept to either.
 */
export function formatMoney(money: Money, { digits }: { digits?: number } = {}): string {
  const asked = decimalOf(money.picos, digits ?? sensibleDigits(money.picos));
  const hidden = money.picos > 0n && !/[1-9]/.test(asked);
  const text = hidden ? decimalOf(money.picos, sensibleDigits(money.picos)) : asked;
  const symbol = SYMBOLS[money.currency];
  return symbol ? `${symbol}${text}` : `${text} ${money.currency}`;
}

function sensibleDigits(picos: bigint): number {
  if (picos >= PICOS / 100n || picos === 0n) return 2;
  return Math.min(12, Math.max(7, 12 - String(picos).length + 2));
}

/** Rounded half up at the last digit. */
function decimalOf(picos: bigint, digits: number): string {
  const unit = 10n ** BigInt(12 - digits);
  const rounded = (picos + unit / 2n) / unit;
  const text = String(rounded).padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** A decimal such as `0.0405` as pico-units. Throws a Failure `amount-invalid` for anything else. */
export function picosOf(decimal: string): bigint {
  const match = /^(\d{1,15})(?:\.(\d{1,12}))?$/.exec(decimal);
  if (!match) {
    throw new Failure('amount-invalid', `"${decimal}" is no amount.`, {
      advice: 'Write a plain decimal such as 0.0405.',
    });
  }
  return BigInt(match[1] ?? '0') * PICOS + BigInt((match[2] ?? '').padEnd(12, '0'));
}

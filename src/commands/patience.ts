import type { Clock } from '../clock.ts';

/** ACI gives up telling after 30 minutes; the wish stays all the same. */
export const FOLLOW_LIMIT_MS = 30 * 60_000;

/** How long a deploy is followed. */
export interface Patience {
  readonly signal: AbortSignal;
  /** Begins anew, or lasts as long as it takes. */
  begin(unlimited: boolean): void;
  end(): void;
}

/** Patience from now on. */
export function patienceOf({ clock }: { readonly clock: Clock }): Patience {
  const controller = new AbortController();
  const limit = () => clock.after(FOLLOW_LIMIT_MS, () => controller.abort(new Error('it takes too long')));
  let [cancel, isUnlimited] = [limit(), false];
  return {
    signal: controller.signal,
    begin(unlimited) {
      if (unlimited === isUnlimited) return;
      cancel();
      [cancel, isUnlimited] = [unlimited ? () => {} : limit(), unlimited];
    },
    end: () => cancel(),
  };
}

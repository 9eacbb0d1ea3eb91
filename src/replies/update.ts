import type { Block } from './document.ts';
import { stage } from './push.ts';

// What the bot says of how a revision takes the place of the one before it.

/** Why a revision that was to stand beside the one that serves takes its place at once. */
export type InPlaceBecause = keyof typeof BECAUSE;

const BECAUSE = {
  'nothing-serves': 'no revision of it runs that could go on serving',
  elsewhere: 'it goes to another place',
  private: 'in a private network it is its address',
  'no-name': 'without dnsNameLabel and ports people know it by its address',
  'names-change': 'its names change',
  'fixed-address': 'it asks for a fixed ip, which one sandbox has',
  gpu: 'its GPUs are held by one sandbox',
  share: 'both would write to the same file share',
  room: 'the host has no room for both',
  address: 'the host has no second address or network free',
};

/** How it is brought up, before it happens; nothing where that is as everywhere. */
export function updateStages(
  update:
    | { readonly kind: 'beside'; readonly serving: number }
    | { readonly kind: 'in-place'; readonly because?: InPlaceBecause },
): Block[] {
  if (update.kind === 'beside')
    return [
      stage(
        'done',
        'update',
        `beside: #${update.serving} serves until the new revision is healthy; both are billed until a minute after`,
      ),
    ];
  return update.because ? [stage('warning', 'update', `in place: ${BECAUSE[update.because]}`)] : [];
}

/** A revision that was tried, and is not any more, because somebody said so. */
export function givenUpStage(number: number, serving: number): Block {
  return stage('done', 'cancelled', `#${number} is given up; #${serving} serves`);
}

/** The same for those who follow that revision. */
export function givenUp(number: number, by: string): { code: string; message: string; advice: string } {
  return { code: 'cancelled', message: `Revision ${number} was given up by ${by}.`, advice: '' };
}

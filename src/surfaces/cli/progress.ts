import type { Clock } from '../../clock.ts';
import { type Block, type Drawing, drawLive, drawPlain } from '../../replies/index.ts';
import type { Screen } from './parts.ts';

/** Shows blocks as they come, and the stage that is under way on a line of its own. */
export interface Progress {
  show(blocks: readonly Block[]): Promise<void>;
  /** What is under way stays where it stands; nothing moves any more. */
  end(): void;
}

type Stage = Extract<Block, { kind: 'stage' }>;

const CLEAR_LINE = '\r\u001b[2K';
const TICK_MS = 1_000;

/**
 * A stage that is under way gives way to the next stage of its label: to a later state of itself, and then to its end.
 * Where lines can move it is drawn in place, with the time it takes; elsewhere it is written only if its end is not.
 */
export function createProgress(screen: Screen, clock: Clock): Progress {
  let live: { stage: Stage; sinceMs: number } | undefined;
  let cancelTick = () => {};

  const redraw = () => {
    cancelTick();
    if (!live || !screen.movable) return;
    const line = drawLive(live.stage, clock.now() - live.sinceMs, {
      ...drawingFor(screen),
      width: widthOf(screen),
    });
    void screen.write(`${CLEAR_LINE}${line}`);
    cancelTick = clock.after(TICK_MS, redraw);
  };
  const drawn = (block: Block, drawing = drawingFor(screen)) => linesOf(drawPlain(block, drawing));

  return {
    async show(blocks) {
      const drawing = drawingFor(screen);
      let text = live && screen.movable ? CLEAR_LINE : '';
      for (const block of blocks) {
        const same = live !== undefined && block.kind === 'stage' && block.label === live.stage.label;
        if (live && !same) text += drawn(live.stage, drawing);
        if (block.kind === 'stage' && block.mark === 'running') {
          live = { stage: block, sinceMs: same && live ? live.sinceMs : clock.now() };
        } else {
          live = undefined;
          text += drawn(block, drawing);
        }
      }
      cancelTick();
      if (text) await screen.write(text);
      redraw();
    },
    end() {
      cancelTick();
      if (live) void screen.write(`${screen.movable ? CLEAR_LINE : ''}${drawn(live.stage)}`);
      live = undefined;
    },
  };
}

/** Each with its end: nothing stays nothing. */
export function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** How to draw what stays: cut to the window where there is one. */
export function drawingFor(screen: Screen): Drawing {
  const columns = screen.terminal ? screen.size()?.columns : undefined;
  return { colour: screen.colour, ...(columns ? { width: columns } : {}) };
}

/** One less than the window has: a line that fills it moves on by itself, and cannot be drawn again. */
function widthOf(screen: Screen): number {
  return (screen.size()?.columns ?? 80) - 1;
}

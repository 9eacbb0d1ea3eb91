/** What a command that somebody has said waits for. */
export interface Waits {
  readonly proposal: string;
  readonly environment: string;
  /** The head when it began to wait: with another one it is over. */
  readonly head: string;
  readonly commit: string;
}

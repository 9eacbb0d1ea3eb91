/** A port of a group, and where it is reached. */
export interface Published {
  readonly address: string;
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
  /** The port at the address: the same one, unless groups share the address. */
  readonly hostPort: number;
}

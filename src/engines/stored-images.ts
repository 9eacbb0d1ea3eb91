/** An image that lies on a host. */
export interface StoredImage {
  /** Such as `sha256:…`. */
  readonly id: string;
  /** Tags; none for one that was pulled by digest, or whose tag has moved on. */
  readonly tags: readonly string[];
  /** Such as `docker.io/library/nginx@sha256:…`. */
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  /** How much of that other images have as well; it stays when this one goes. */
  readonly sharedBytes: number;
  /** How many containers were made from it, also such as have ended. */
  readonly containers: number;
}

/** All images of a host. */
export interface ImageStore {
  readonly images: readonly StoredImage[];
  /** What they take together: what several share is counted once. */
  readonly totalBytes: number;
}

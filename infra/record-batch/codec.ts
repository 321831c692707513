// The codecs that a record batch can be compressed with, and what becomes of decompressing one.

/** The codecs of Kafka, by the number that the attributes of a batch give. */
export const codecs = { 1: 'gzip', 2: 'snappy', 3: 'lz4', 4: 'zstd' } as const

export type Codec = (typeof codecs)[keyof typeof codecs]

export type Decompressed =
  | { readonly kind: 'ok'; readonly bytes: Buffer }
  /** There is more than was allowed. Nothing beyond that was kept. */
  | { readonly kind: 'too_large' }
  | { readonly kind: 'corrupt'; readonly reason: string }

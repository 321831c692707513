// The codecs of record batches, with the possible results of decompressing one.

/** Kafka's codecs, by their number in the attributes of a batch. */
export const codecs = { 1: 'gzip', 2: 'snappy', 3: 'lz4', 4: 'zstd' } as const

export type Codec = (typeof codecs)[keyof typeof codecs]

export type Decompressed =
  | { readonly kind: 'ok'; readonly bytes: Buffer }
  /** The result exceeds the limit. Nothing beyond the limit was kept. */
  | { readonly kind: 'too_large' }
  | { readonly kind: 'corrupt'; readonly reason: string }

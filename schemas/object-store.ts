// The port of a store of objects by key. infra/store/s3-objects.ts, models/store/folder-objects.ts
// and the fake of the tests implement it; tests/contract/object-store.test.ts runs the same suite
// on all three. models/store/remote-versions.ts decides what lies under which key.

/** Bytes in memory, or a file to read. */
export type ObjectContent = { readonly bytes: Uint8Array } | { readonly path: string }

/** One object of a listing. */
export type StoredObject = { readonly key: string; readonly bytes: number }

/**
 * Objects by key, such as `versions/mail/3/model.onnx`. Every call throws WinnowError
 * 'store_unavailable' (a later retry may help; the adapter has already retried) or 'store_refused'
 * (a retry cannot help), and 'cancelled' when a signal fires.
 */
export type ObjectStore = {
  /**
   * The address, without credentials, ending in a slash: `s3://bucket/prefix/`,
   * `file:///srv/models/`.
   */
  readonly url: string
  /** Writes or replaces; readers see the old object or the new one, never a part. */
  write(
    key: string,
    content: ObjectContent,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<void>
  /** Writes a small object unless the key is taken; of writers at once exactly one creates it. */
  create(key: string, bytes: Uint8Array): Promise<'created' | 'exists'>
  /** The object's bytes from an offset on; undefined when there is no such object. */
  stream(
    key: string,
    options?: { readonly fromByte?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Every object whose key starts with `prefix`, by key. */
  list(prefix: string): Promise<StoredObject[]>
  close(): void
}

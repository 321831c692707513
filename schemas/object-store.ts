// The port of a store of objects by key, as artifacts need it: infra/store/s3-objects.ts,
// models/store/folder-objects.ts and the fake of the tests implement it, and
// tests/contract/object-store.test.ts holds them to one behaviour. What is kept under which key is
// models/store/remote-versions.ts.

/** Bytes in memory, or a file to read. */
export type ObjectContent = { readonly bytes: Uint8Array } | { readonly path: string }

/** One object of a listing. */
export type StoredObject = { readonly key: string; readonly bytes: number }

/**
 * Objects by key; a key is made of parts such as `versions/mail/3/model.onnx`. Every call throws
 * WinnowError 'store_unavailable' (trying again may help; the adapter has done so) or
 * 'store_refused' (it cannot), and 'cancelled' when a signal fires.
 */
export type ObjectStore = {
  /**
   * Where it is, without credentials, ending in a slash: `s3://bucket/prefix/`,
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

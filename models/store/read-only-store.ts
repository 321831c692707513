// Distinguishes a read-only model store from other write failures. Containers mount the store
// read-only, and then optional writes are skipped.

const codes: ReadonlySet<unknown> = new Set(['EROFS', 'EACCES', 'EPERM'])

/** Whether a write to the store failed because the store is read-only for this process. */
export function isReadOnlyStore(error: unknown): boolean {
  return error instanceof Error && 'code' in error && codes.has(error.code)
}

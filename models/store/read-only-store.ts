// Tells a model store that may only be read from one that cannot be written for another reason.
// Containers mount the store read-only: what is a convenience only is then left out.

const codes: ReadonlySet<unknown> = new Set(['EROFS', 'EACCES', 'EPERM'])

/** Whether a write to the store failed because this process may only read it. */
export function isReadOnlyStore(error: unknown): boolean {
  return error instanceof Error && 'code' in error && codes.has(error.code)
}

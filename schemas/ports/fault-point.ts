// The places in the flow at which fault tests stop a process. configs/fault-hook.ts says what
// happens there, serving/fault-points.ts where exactly they are.

/** In the order in which a record, a swap or a publication reaches them. */
export const faultPoints = [
  'before-fence',
  'after-fence',
  'after-delivered',
  'polled',
  'decoded',
  'tokenizing',
  'before-infer',
  'after-infer',
  'before-produce',
  'after-produce',
  'before-insert-dead_letters',
  'after-insert-dead_letters',
  'before-insert-labels',
  'after-insert-labels',
  'before-insert-classifications',
  'after-insert-classifications',
  'before-insert-model_releases',
  'after-insert-model_releases',
  'before-commit',
  'after-commit',
  'draining',
  'leaving',
  'swap-fetched',
  'swap-loaded',
  'swap-switching',
  'swap-freeing',
  'swap-freed',
  'publish-claimed',
  'publish-uploading',
  'publish-uploaded',
  'publish-announced',
] as const
export type FaultPoint = (typeof faultPoints)[number]

/** Called when the flow reaches a point; the flow continues once it has returned or resolved. */
export type Reach = (point: FaultPoint) => Promise<void> | undefined

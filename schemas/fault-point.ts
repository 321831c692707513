// The places in the flow at which the fault tests stop a process. What is done there is
// configs/fault-hook.ts's to say, and where exactly they lie serving/fault-points.ts's.

/** In the order in which a record, a swap and a publication pass them. */
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

/** Called as the flow passes a point; the flow goes on when it has returned or resolved. */
export type Reach = (point: FaultPoint) => Promise<void> | undefined

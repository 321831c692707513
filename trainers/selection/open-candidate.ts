// Opens a candidate for cross-validation, with the default settings of its method.
import type { Base } from '../../models/bases/base-store.ts'
import { encoderFolds } from '../cross-validation/encoder-folds.ts'
import type { FoldTrainer } from '../cross-validation/fold-training.ts'
import { openHeadFolds, type HeadFoldsOptions } from '../cross-validation/head-folds.ts'
import type { Candidate } from './candidate.ts'

/** What all candidates share, and how a base is opened. */
export type OpenCandidateOptions = Omit<HeadFoldsOptions, 'base' | 'pooledLayers'> & {
  /** Fetches the base first if the store does not have it. */
  readonly openBase: (name: string, signal: AbortSignal) => Promise<Base>
  readonly signal: AbortSignal
}

/**
 * The trainer of a candidate's folds. The method head embeds all texts here, and the others in
 * their first fold.
 *
 * @throws WinnowError what the base and the encoder throw, and `cancelled`.
 */
export async function openCandidate(
  { method, base: { name } }: Candidate,
  options: OpenCandidateOptions,
): Promise<FoldTrainer> {
  const base = await options.openBase(name, options.signal)
  if (method === 'head') return openHeadFolds({ ...options, base })
  return encoderFolds({ ...options, base, method: { kind: method } })
}

// The messages between a thread that explains and the one that asks.
import type { CleaningStep } from '../cleaning/clean-text.ts'
import type { OperationErrorCode } from '../../schemas/errors.ts'
import type { ThreadPriority } from '../runtime/thread-priority.ts'
import type { Explanation, ExplainRequest } from './explanation.ts'

/** What a thread needs before its first text. */
export type ExplainerStart = {
  readonly steps: readonly CleaningStep[]
  readonly batchTokens: number | undefined
  /** Default `background`. */
  readonly priority?: ThreadPriority | undefined
}

/** Texts are explained one after the other, in the order sent. */
export type ExplainerQuestion =
  | {
      readonly kind: 'explain'
      readonly id: number
      /** The folder of the version. */
      readonly dir: string
      readonly request: ExplainRequest
    }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'close' }

/** One for each text, cancelled ones included. */
export type ExplainerAnswer =
  | { readonly kind: 'explained'; readonly id: number; readonly explanation: Explanation }
  | {
      readonly kind: 'failed'
      readonly id: number
      readonly code: OperationErrorCode
      readonly message: string
    }

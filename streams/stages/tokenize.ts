// The tokenize stage: text to token ids, bound to the hash of the tokenizer that made them.
import type { Work } from '../../models/runtime/sliced-work.ts'
import type { Tokenized, Validated } from '../../schemas/validated.ts'
import { ok, type Outcome } from '../../schemas/outcome.ts'

/** What the stage needs of a tokenizer: ids as int32 [tokens], special tokens included. */
export type TextEncoderPort = {
  readonly sha256: string
  encoding(
    text: string,
    limits: { maxTokens: number },
  ): Work<{ ids: Int32Array; truncated: boolean }>
}

/**
 * A tokenized event whose ids are still a typed array, as stages chained in one process pass it.
 */
export type TokenizedEvent = Omit<Tokenized, 'ids'> & { ids: Int32Array }

/** Tokenizes one event. Every text has ids, so no event is rejected. */
export function* tokenizeEvent(
  event: Validated,
  tokenizer: TextEncoderPort,
  maxTokens: number,
): Work<Outcome<TokenizedEvent>> {
  const { ids, truncated } = yield* tokenizer.encoding(event.text, { maxTokens })
  return ok({ ...event, tokenizerSha256: tokenizer.sha256, maxTokens, ids, truncated })
}

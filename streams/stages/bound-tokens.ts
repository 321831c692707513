// Token ids of events for models whose tokenizer or limit is another one than that of the tokenize
// stage. Models with the same tokenizer and limit are given one array, by which those that share an
// encoder know that it is one text.
import type { LoopTurns } from '../../models/runtime/sliced-work.ts'
import type { TextEncoderPort, TokenizedEvent } from './tokenize.ts'

export type Tokens = Pick<TokenizedEvent, 'ids' | 'truncated'>

/** Whose ids are wanted. */
type Reader = { readonly maxTokens: number; readonly tokenizer: TextEncoderPort }

/** The ids of events in flight, each made once. */
export class BoundTokens {
  readonly #turns: LoopTurns
  readonly #made = new WeakMap<TokenizedEvent, Map<string, Promise<Tokens>>>()

  /** `turns` shares the event loop with others where texts are tokenized again. */
  constructor(turns: LoopTurns) {
    this.#turns = turns
  }

  /** The ids of an event for a model: those that it has, if they would be the same. */
  async of(event: TokenizedEvent, { tokenizer, maxTokens }: Reader): Promise<Tokens> {
    const { ids, truncated, tokenizerSha256 } = event
    const isWhole = !truncated && ids.length <= maxTokens
    const sameLimit = event.maxTokens === maxTokens || isWhole
    if (tokenizerSha256 === tokenizer.sha256 && sameLimit) return event
    const made = this.#made.get(event) ?? new Map<string, Promise<Tokens>>()
    this.#made.set(event, made)
    const key = `${tokenizer.sha256}/${maxTokens}`
    const known = made.get(key)
    if (known !== undefined) return known
    const tokens = this.#turns.run(tokenizer.encoding(event.text, { maxTokens }))
    made.set(key, tokens)
    return tokens
  }
}

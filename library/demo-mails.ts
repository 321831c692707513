// The mails of the demo as labelled texts, to try things with. trainers/data/demo-mail.ts reads
// them from the packages that `winnow demo` needs.
import { loadMails } from '../trainers/data/demo-mail.ts'
import type { LabelledText } from './read-texts.ts'

/** The options of {@link demoMails}. */
export type DemoMailsOptions = {
  /** The most mails to read. They are spread evenly over the corpus. Default: all 6,046. */
  readonly limit?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Mails in the corpus, so that a part can be spread over it. */
const mails = 6_046

/**
 * Reads mails of the SpamAssassin corpus, labelled `spam` or `ham`, each with its group in the
 * attribute `source`. The same limit gives the same mails.
 *
 * @throws WinnowError `prerequisite_missing`, which names the packages to install; `cancelled`.
 *
 * @example
 * const data = await demoMails({ limit: 1_000 })
 * const { metrics } = await train({ data, name: 'mail', maxTokens: 64 })
 */
export async function demoMails(options: DemoMailsOptions = {}): Promise<LabelledText[]> {
  const { limit = mails, signal } = options
  const chosen: LabelledText[] = []
  let number = 0
  for await (const { id, text, label, source } of loadMails({ signal })) {
    // Chooses `limit` numbers out of all, at even distances.
    const isChosen =
      Math.floor(((number + 1) * limit) / mails) > Math.floor((number * limit) / mails)
    if (isChosen) chosen.push({ id, text, label, attributes: { source } })
    number++
    if (chosen.length === limit) break
  }
  return chosen
}

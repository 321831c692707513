// Splits the mails of the demo: removes duplicates, picks a part to train on, leaves the rest to
// stream.
import { createHash } from 'node:crypto'
import { describeExamples, type Dataset } from '../../trainers/data/dataset.ts'
import { loadMails, type DemoMail } from '../../trainers/data/demo-mail.ts'
import { duplicateKey } from '../../trainers/data/split.ts'

export type DemoSplit = { train: Dataset; streamed: DemoMail[]; duplicates: number }

/**
 * Reads the mails and splits them. A hash of the text alone decides the part, so that no text is in
 * both, however often it occurs.
 */
export async function splitMails(options: {
  trainShare: number
  clean(text: string): string
  signal: AbortSignal
}): Promise<DemoSplit> {
  const seen = new Set<string>()
  const training: { text: string; label: string }[] = []
  const streamed: DemoMail[] = []
  let duplicates = 0
  for await (const mail of loadMails({ signal: options.signal })) {
    const key = duplicateKey(mail.text)
    if (seen.has(key)) {
      duplicates++
      continue
    }
    seen.add(key)
    const share = createHash('sha256').update(key).digest().readUInt32BE(0) / 2 ** 32
    if (share >= options.trainShare) streamed.push(mail)
    else training.push({ text: options.clean(mail.text), label: mail.label })
  }
  const manifest = describeExamples('spam-assassin', training)
  return { train: { examples: training, manifest }, streamed, duplicates }
}

// Winnow's own side of bench/peers.ts: the classifier as `winnow classify` opens it, in this process.
import { modelStoreDir } from '../../configs/paths.ts'
import { openVersionModel } from '../../models/inference/version-model.ts'
import { openVersion } from '../../models/store/version-store.ts'
import { stopwatch } from '../measuring.ts'
import type { Side } from './table.ts'

/** Opens a version; the caller closes it. */
export async function openWinnowSide(options: {
  name: string
  ref: string
  workers: number
}): Promise<Side & { close: () => Promise<void> }> {
  const { name, ref, workers } = options
  const version = await openVersion({ ref, storeDir: modelStoreDir() })
  const { classifier } = await openVersionModel({ version, workers })
  return {
    name,
    isExact: version.manifest.quantised === undefined,
    async classify(texts) {
      const [labels, logits]: [string[], number[]] = [[], []]
      const spent = stopwatch()
      for await (const { outcome } of classifier.classifyAll(texts)) {
        if (outcome.kind !== 'ok') throw new Error(`${name} rejected a text: ${outcome.error.code}`)
        labels.push(outcome.label)
        logits.push(Math.max(...outcome.logits))
      }
      return { labels, logits, ...spent() }
    },
    close: () => classifier.close(),
  }
}

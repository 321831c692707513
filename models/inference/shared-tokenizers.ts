// Reads each tokenizer once for the models of a process. Most swaps keep the tokenizer; reading it
// again would leave some 20 MB of vocabulary to the garbage collector.
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { readTokenizer } from './version-model.ts'

/**
 * A `readTokenizer` that shares a tokenizer among versions with the same file while any of them
 * uses it.
 */
export function shareTokenizers(): typeof readTokenizer {
  const inUse = new Map<string, WeakRef<Tokenizer>>()
  return async (version) => {
    // The file has been compared with its manifest.
    const known = inUse.get(version.manifest.tokenizerSha256)?.deref()
    if (known !== undefined) return known
    for (const [key, unused] of inUse) if (unused.deref() === undefined) inUse.delete(key)
    const tokenizer = await readTokenizer(version)
    inUse.set(tokenizer.sha256, new WeakRef(tokenizer))
    return tokenizer
  }
}

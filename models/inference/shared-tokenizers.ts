// Reads each tokenizer once for the models of a process. A swap to a version with the same one,
// which is the rule, would else leave its file and some 20 MB of vocabulary behind until the
// collector comes.
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { readTokenizer } from './version-model.ts'

/**
 * A `readTokenizer` that gives versions with the same file the tokenizer which somebody still uses.
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

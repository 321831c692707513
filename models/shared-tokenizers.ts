// Loads each tokenizer once for the models of a process. A swap to a version with the same one, which is the
// rule, would else leave some 20 MB of vocabulary behind until the collector comes.
import { sha256OfBytes } from './file-hash.ts'
import { loadTokenizer, type Tokenizer } from './tokenizer.ts'

/** A `loadTokenizer` that gives the same bytes the tokenizer which somebody still uses. */
export function shareTokenizers(): typeof loadTokenizer {
  const inUse = new Map<string, WeakRef<Tokenizer>>()
  return ({ json }) => {
    const sha256 = sha256OfBytes(json)
    const known = inUse.get(sha256)?.deref()
    if (known !== undefined) return known
    for (const [key, unused] of inUse) if (unused.deref() === undefined) inUse.delete(key)
    const tokenizer = loadTokenizer({ json })
    inUse.set(sha256, new WeakRef(tokenizer))
    return tokenizer
  }
}

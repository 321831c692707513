// node tests/support/compare-tokenizers.ts FILE: prints how many variants of FILE each engine of
// Winnow supports, and where its ids differ from the reference's. Exits with 1 if one of Winnow's
// own engines differs anywhere.
import { outcomeOf, readVariants } from './tokenizer-variants.ts'

const all = readVariants(process.argv[2]!)
const counts = new Map<string, number>()
const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
let isExact = true
for (const variant of all.variants) {
  const outcome = outcomeOf(all, variant)
  if (outcome.by === 'refused') {
    count(variant.error === undefined ? 'refused' : 'refused, as by the reference')
    console.log(`${variant.name}: refused, ${outcome.code}: ${outcome.message}`)
    continue
  }
  const { by, differing } = outcome
  count(differing.length === 0 ? `${by}, exact` : `${by}, differs`)
  if (differing.length === 0) continue
  isExact &&= by !== 'own'
  const { name, changes, error } = variant
  console.log(`${name}: ${by} differs in ${differing.length} of ${all.texts.length} texts`)
  if (error !== undefined) console.log(`  the reference says: ${error}`)
  console.log(`  ${JSON.stringify(changes).slice(0, 600)}`)
  const { text, ids } = differing[0]!
  console.log(`  ${JSON.stringify(text.slice(0, 80))}: ${ids.slice(0, 40).join(' ')}`)
}
console.log(Object.fromEntries(counts))
process.exitCode = isExact ? 0 : 1

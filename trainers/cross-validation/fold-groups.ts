// Which examples must not part: near duplicates, as in every split of Winnow, and those that share
// the value of an attribute. Groups that share an example become one.
import { nearest } from '../../schemas/nearest.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { duplicateKey } from '../data/split.ts'
import type { Example } from '../files/source-row.ts'

/** A number for each example, the same for equal texts and for near duplicates. */
export function textGroups(examples: readonly Example[]): Int32Array {
  const numbers = new Map<string | number, number>()
  // Near duplicates have been found already (data-rules.ts), and their groups hold equal texts too.
  return Int32Array.from(examples, ({ text, group }) =>
    numberOf(numbers, group ?? duplicateKey(text)),
  )
}

/**
 * As `textGroups`, and the same for examples with one value of the attribute, directly or through
 * near duplicates. Examples without the attribute are held together by their text only.
 *
 * @throws WinnowError `usage` when no example has the attribute.
 */
export function attributeGroups(examples: readonly Example[], attribute: string): Int32Array {
  requireAttribute(examples, attribute)
  const texts = textGroups(examples)
  // Numbers of groups are below the number of examples.
  const parent = Int32Array.from(texts.keys())
  const find = (group: number): number => {
    let root = group
    while (parent[root] !== root) root = parent[root] = parent[parent[root]!]!
    return root
  }
  const firstWith = new Map<string, number>()
  for (const [index, { attributes }] of examples.entries()) {
    const value = attributes?.[attribute]
    if (value === undefined) continue
    const known = firstWith.get(value)
    if (known === undefined) firstWith.set(value, texts[index]!)
    else parent[find(texts[index]!)] = find(known)
  }
  const numbers = new Map<number, number>()
  return texts.map((group) => numberOf(numbers, find(group)))
}

function requireAttribute(examples: readonly Example[], attribute: string): void {
  const found = new Set<string>()
  for (const { attributes = {} } of examples) {
    if (Object.hasOwn(attributes, attribute)) return
    for (const name of Object.keys(attributes)) found.add(name)
  }
  const names = [...found].sort().slice(0, 20)
  const near = nearest(attribute, names)
  const there =
    names.length === 0
      ? 'The data has no attributes: further columns of a table, or "attributes" in JSON.'
      : `The attributes are ${names.map((name) => JSON.stringify(name)).join(', ')}.`
  const hint = near === undefined ? '' : ` Did you mean ${near}?`
  throw new WinnowError('usage', `--group ${attribute}: no example has it. ${there}${hint}`)
}

/** Numbers keys in the order in which they come. */
function numberOf<Key>(numbers: Map<Key, number>, key: Key): number {
  const known = numbers.get(key)
  if (known !== undefined) return known
  numbers.set(key, numbers.size)
  return numbers.size - 1
}

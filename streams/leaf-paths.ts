// The paths of a decoded record that lead to a text, a number or a boolean, written as a mapping
// takes them: what a person can choose from.
import { scalarText } from '../schemas/mapping/field-source.ts'
import type { DecodedRecord } from '../schemas/ports/record-decoder.ts'

export type LeafPath = { readonly path: string; readonly value: string }

/** Most paths of one record, and how deep they go. */
const pathsMax = 100
const depthMax = 8

/** The paths of value, key and headers, in their order; of a list, those of its first item. */
export function leafPaths({ value, key, headers }: DecodedRecord): LeafPath[] {
  const paths: LeafPath[] = []
  const visit = (at: string, one: unknown, depth: number): void => {
    if (paths.length >= pathsMax || one === null || one === undefined) return
    const text = scalarText(one)
    if (text !== undefined) paths.push({ path: at, value: text })
    if (typeof one !== 'object' || depth >= depthMax) return
    if (Array.isArray(one)) visit(`${at}[0]`, one[0], depth + 1)
    else for (const [name, inner] of Object.entries(one)) visit(pathTo(at, name), inner, depth + 1)
  }
  if (typeof value === 'object' && !Array.isArray(value)) visit('', value, 0)
  else visit('value', value, 0)
  visit('key', key, 0)
  for (const [name, text] of Object.entries(headers)) visit(`headers.${name}`, text, 0)
  return paths
}

/** A name that a path would not read as one stands in brackets. */
function pathTo(at: string, name: string): string {
  const isPlain =
    /^[^.[\]"'{}?]+$/.test(name) && (at !== '' || !/^(?:key|value|headers)$/.test(name))
  if (isPlain) return at === '' ? name : `${at}.${name}`
  return name.includes('"') ? `${at}['${name}']` : `${at}["${name}"]`
}

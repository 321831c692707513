// The options that a run keeps, so that it can be asked for again from any folder when it is
// resumed.
import { resolve } from 'node:path'
import { parseDatasetSource } from '../../trainers/files/dataset-source.ts'
import { isLocalFile } from '../../trainers/files/file-set.ts'

/** Options that say how to run, not what: they are never stored. */
export const ownOptions: readonly string[] = [
  'config',
  'profile',
  'set',
  'settings',
  'storeDir',
  'stateDir',
  'json',
  'resume',
]

/** The options to store: those that JSON can hold, with absolute paths. */
export function requestOf(
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const kept = Object.entries(options).filter(
    ([name, value]) => !ownOptions.includes(name) && isPlain(value),
  )
  return Object.fromEntries(
    kept.map(([name, value]) => [name, sourceOptions.has(name) ? absolute(value) : value]),
  )
}

/** Whether an option is a plain value; texts in memory, functions and signals are none. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((one) => typeof one === 'string')
  // The fields of rows.
  if (typeof value === 'object' && value !== null && value.constructor === Object) {
    return Object.values(value).every((one) => typeof one === 'string')
  }
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

const sourceOptions: ReadonlySet<string> = new Set(['data', 'test', 'validation'])

function absolute(source: unknown): unknown {
  if (Array.isArray(source)) return source.map(absolute)
  if (typeof source !== 'string') return source
  const isFile = parseDatasetSource(source).kind === 'file'
  return isFile && isLocalFile(source) ? resolve(source) : source
}
